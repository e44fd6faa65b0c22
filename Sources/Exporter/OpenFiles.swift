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
