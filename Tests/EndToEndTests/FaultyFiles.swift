import Foundation
import LocalStack
import RawHTTP
import Testing

/// A file system that fails on demand: a library, loaded before the C library, in front of the calls that read logs.
///
/// While a file `eio` exists in the directory, reads of `audit.log` fail with EIO. While a file `hang` exists there,
/// `stat` of it does not return.
struct FaultyFiles {
    let directory: URL
    private let library: URL

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <sys/types.h>
        #include <unistd.h>

        static int is_on(const char *fault) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", getenv("FAULTS"), fault);
            return access(path, F_OK) == 0;
        }

        static int is_log(int descriptor) {
            char link[64], target[4096];
            snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
            ssize_t length = readlink(link, target, sizeof target - 1);
            if (length < 0) return 0;
            target[length] = 0;
            return strstr(target, "/audit.log") != NULL;
        }

        static ssize_t read_at(const char *name, int descriptor, void *buffer, size_t count, off_t offset) {
            ssize_t (*next)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, name);
            if (is_log(descriptor) && is_on("eio")) { errno = EIO; return -1; }
            return next(descriptor, buffer, count, offset);
        }

        ssize_t pread(int descriptor, void *buffer, size_t count, off_t offset) {
            return read_at("pread", descriptor, buffer, count, offset);
        }

        ssize_t pread64(int descriptor, void *buffer, size_t count, off_t offset) {
            return read_at("pread64", descriptor, buffer, count, offset);
        }

        int stat(const char *restrict path, struct stat *restrict status) {
            int (*next)(const char *, struct stat *) = dlsym(RTLD_NEXT, "stat");
            if (strstr(path, "audit.log")) while (is_on("hang")) usleep(10000);
            return next(path, status);
        }
        """

    init(in directory: URL) async throws {
        self.directory = directory
        library = directory.appending(path: "faulty.so")
        let source = directory.appending(path: "faulty.c")
        try Data(Self.source.utf8).write(to: source)
        let built = try await Command.run(
            ["cc", "-shared", "-fPIC", "-Wno-nonnull-compare", "-o", library.path, source.path, "-ldl"], in: directory)
        try #require(built.status == 0, "\(built)")
    }

    /// Starts the exporter on these files.
    func startExporter(_ arguments: [String], input: URL? = nil) async throws -> RunningProgram {
        try await RunningProgram(
            URL(filePath: "/usr/bin/env"),
            ["LD_PRELOAD=\(library.path)", "FAULTS=\(directory.path)", Program.exporter.locate().path] + arguments,
            name: "exporter", in: directory, input: input)
    }

    func begin(_ fault: String) throws {
        try Data().write(to: directory.appending(path: fault))
    }

    func end(_ fault: String) throws {
        try FileManager.default.removeItem(at: directory.appending(path: fault))
    }
}
