import CMalloc

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
