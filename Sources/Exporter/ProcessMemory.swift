import CMalloc

/// How the process keeps the memory that it does not need any more.
enum ProcessMemory {
    /// Large buffers such as an answer's text or a checkpoint come and go on many threads. By default glibc keeps them,
    /// in an arena for each thread (eight a core), and takes half as much again from the system as is ever in use. Two
    /// arenas, and large buffers that go back when they are freed, cost no time that can be measured.
    static func limitArenas() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 512 << 10)
    }
}
