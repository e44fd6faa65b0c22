/// A required program that was not found.
public struct ProgramMissing: Error, CustomStringConvertible {
    /// The program.
    public let program: Program
    /// The places that were searched.
    public let searched: [String]

    /// The program and the remedy.
    public var description: String {
        let remedy =
            switch program {
            case .exporter: "build it with `swift build --product kube-audit-exporter`"
            case .schemathesis: "install it with `make python`"
            case .victoriaMetrics: "install Debian's package victoria-metrics"
            default: "install it with `make deps`"
            }
        return """
            \(program.rawValue) was not found: \(remedy), or set its path with \(program.variable)=/path. \
            Searched for \(searched.joined(separator: ", ")).
            """
    }
}
