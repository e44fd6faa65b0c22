import Compression
import Foundation
import Glibc

/// The files below a directory, and the whole lines that they hold.
struct LogTree {
    /// A file, which keeps its identity when it is renamed. Inodes alone are reused.
    struct FileID: Hashable {
        let inode: UInt64
        /// In nanoseconds since 1970.
        let born: Int

        /// - Parameter descriptor: An open file.
        init?(descriptor: Int32) { self.init(path: "/proc/self/fd/\(descriptor)", flags: 0) }
        init?(path: String) { self.init(path: path, flags: AT_SYMLINK_NOFOLLOW) }

        private init?(path: String, flags: Int32) {
            typealias Call =
                @convention(c) (Int32, UnsafePointer<CChar>, Int32, UInt32, UnsafeMutableRawPointer) -> Int32
            // Glibc's module has no statx, because it is declared only with _GNU_SOURCE.
            guard let symbol = dlsym(nil, "statx") else { return nil }
            let statx = unsafeBitCast(symbol, to: Call.self)
            // `struct statx` of Linux: 256 bytes, the inode at 32, the time of birth at 80.
            var information = [UInt64](repeating: 0, count: 32)
            guard statx(AT_FDCWD, path, flags, 0x900, &information) == 0 else { return nil }
            inode = information[4]
            born = Int(information[10]) * 1_000_000_000 + Int(information[11] & 0xffff_ffff)
        }
    }

    struct HeldFile {
        let path: String
        let id: FileID
        let lines: Set<Int>
        /// Bytes behind the last line end.
        let tail: Int
    }

    private struct Reading {
        var size = 0
        var changed = 0
        var lines: Set<Int> = []
        var tail = 0
    }

    /// A second change within this time may have the same time stamp.
    private static let grain = 50_000_000

    private let directory: String
    private var readings: [FileID: Reading] = [:]

    init(_ directory: String) {
        self.directory = directory
    }

    /// Reads all files.
    mutating func files(_ lines: ScheduledLines) throws -> [HeldFile] {
        var files: [HeldFile] = []
        for path in try paths() {
            guard let id = FileID(path: path) else { continue }
            let reading = try reading(of: path, id, lines)
            files.append(HeldFile(path: path, id: id, lines: reading.lines, tail: reading.tail))
        }
        return files
    }

    private mutating func reading(of path: String, _ id: FileID, _ lines: ScheduledLines) throws -> Reading {
        var information = stat()
        guard stat(path, &information) == 0 else { return Reading() }
        let changed = information.st_ctim.tv_sec * 1_000_000_000 + information.st_ctim.tv_nsec
        if let known = readings[id], known.size == information.st_size, known.changed == changed,
            changed < EventText.now * 1000 - Self.grain
        {
            return known
        }
        let content = try Self.content(of: path)
        let reading = Reading(
            size: information.st_size, changed: changed, lines: lines.recognized(in: content),
            tail: content.count - ((content.lastIndex(of: 10) ?? -1) + 1))
        readings[id] = reading
        return reading
    }

    /// The content of a file; nothing of a compressed one that is not complete.
    private static func content(of path: String) throws -> [UInt8] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        guard let format = CompressionFormat(beginning: bytes.prefix(CompressionFormat.magicLength)) else {
            return bytes
        }
        var decompressor = Decompressor(format)
        decompressor.feed(bytes)
        var content: [UInt8] = []
        do {
            while let piece = try decompressor.next() { content += piece }
            try decompressor.finish()
        } catch {
            return []
        }
        return content
    }

    private func paths() throws -> [String] {
        let root = URL(filePath: directory)
        let keys: [URLResourceKey] = [.isRegularFileKey]
        guard let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else { return [] }
        return all.compactMap { $0 as? URL }.filter {
            (try? $0.resourceValues(forKeys: Set(keys)).isRegularFile) ?? false
        }.map(\.path).sorted()
    }
}
