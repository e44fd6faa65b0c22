import Glibc

/// How many files the process may have open.
enum OpenFiles {
    /// Raises it to what the system allows: the usual 1,024 is for programs that use select, and clients that open
    /// connections must not be able to keep the exporter from opening a log.
    static func raiseLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
