import Glibc
import Testing

/// Pages of memory between two that cannot be read: a read outside of them ends the process.
final class GuardedPages {
    /// The pages that can be read and written.
    let readable: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawPointer
    private let size: Int

    /// - Parameter count: The number of pages that can be read.
    init(_ count: Int = 1) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        size = (count + 2) * page
        memory = try #require(mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        try #require(memory != MAP_FAILED)
        readable = UnsafeMutableRawBufferPointer(start: memory + page, count: count * page)
        try #require(mprotect(memory + page, readable.count, PROT_READ | PROT_WRITE) == 0)
    }

    deinit {
        munmap(memory, size)
    }
}
