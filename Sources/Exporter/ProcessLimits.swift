import CMalloc
import Glibc

/// The limit of open files.
enum OpenFiles {
    /// Raises the soft limit to the hard limit. The usual 1,024 is for programs that use select(2); with it, clients
    /// that open many connections could keep the exporter from opening a log.
    static func raiseLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}

/// How glibc keeps freed memory.
enum ProcessMemory {
    /// Large buffers, such as a response's text or a checkpoint, are allocated and freed on many threads. By default
    /// glibc keeps them in up to eight arenas per core, which makes resident memory half as large again as the memory
    /// in use. Two arenas, and large buffers that are unmapped when they are freed, cost no measurable time.
    ///
    /// Up to 4 MiB at the end of an arena stay with the process. With glibc's limit of 128 KiB the body of nearly each
    /// webhook request was returned to the system, and the next one was taken page by page: an eighth of the CPU time.
    static func limitArenas() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 512 << 10)
        mallopt(M_TRIM_THRESHOLD, 4 << 20)
    }

    /// The resident memory that may lie unused, in bytes.
    private static let slack = 8 << 20

    /// Returns memory that was freed to the system, if it is much. When the evidence of thousands of sources changes,
    /// their old buffers are freed between those in use, where glibc keeps them: resident memory was twice as large as
    /// the memory in use. It takes some milliseconds.
    static func returnFreed() {
        let info = mallinfo2()
        guard unsharedBytes() > Int(info.uordblks + info.hblkhd) + slack else { return }
        malloc_trim(0)
    }

    /// Returns the pages of the program and its libraries that were used so far, most of them only by the start. The
    /// kernel maps the pages that are used again from the page cache.
    ///
    /// These pages are never written, except by a debugger: a breakpoint that was set before is lost.
    static func returnCode() {
        guard let maps = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(maps) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        // 5644b2000000-5644b3de9000 r-xp 00000000 fe:00 123 /usr/bin/kube-audit-exporter
        while getline(&line, &capacity, maps) > 0, let text = line.map({ String(cString: $0) }) {
            let fields = text.split(separator: " ", maxSplits: 5)
            let addresses = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard fields.count == 6, fields[1] == "r-xp", fields[5].contains("/"), addresses.count == 2 else {
                continue
            }
            madvise(UnsafeMutableRawPointer(bitPattern: addresses[0]), Int(addresses[1] - addresses[0]), MADV_DONTNEED)
        }
    }

    /// The resident memory of the process that belongs to no file, in bytes.
    private static func unsharedBytes() -> Int {
        guard let text = KernelFile.text(of: "/proc/self/statm") else { return 0 }
        let pages = text.split(separator: " ").prefix(3).compactMap { Int($0) }
        return pages.count == 3 ? (pages[1] - pages[2]) * Int(getpagesize()) : 0
    }
}

/// A small file of the kernel's, such as those in `/proc`.
enum KernelFile {
    /// The first 4 KiB; `nil` if it cannot be read.
    static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }
}
