import Glibc

extension RequestFilter {
    /// More than anyone writes by hand.
    private static let sizeLimit = 1 << 20

    /// Reads a filter file.
    ///
    /// ```yaml
    /// filters:
    ///   - name: load balancer health checks
    ///     networks: [10.0.0.0/8, 192.0.2.7]
    ///     user_agents: ["kube-probe/*"]
    ///     request_uris: ["/readyz", "/livez*"]
    /// ```
    ///
    /// - Throws: `FilterFileError`, which names file, line and entry and says what to do.
    public init(file: String) throws(FilterFileError) {
        self = try FilterFileReader(file: file).filter(in: try Self.content(of: file))
    }

    private static func content(of file: String) throws(FilterFileError) -> [UInt8] {
        let failure = { FilterFileError(file: file, line: nil, place: nil, reason: String(cString: strerror(errno))) }
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else { throw failure() }
            guard count > 0 else { return content }
            content += piece.prefix(count)
            guard content.count <= sizeLimit else {
                throw FilterFileError(
                    file: file, line: nil, place: nil, reason: "the file is longer than \(sizeLimit >> 10) KiB")
            }
        }
    }
}
