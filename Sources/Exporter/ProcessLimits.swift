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
    static func limitArenas() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 512 << 10)
    }
}
