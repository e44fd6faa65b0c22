/// A program that is needed and not there.
public struct ProgramMissing: Error, CustomStringConvertible {
    /// Which one.
    public let program: Program
    /// Where it was looked for.
    public let searched: [String]

    /// What is missing and how to get it.
    public var description: String {
        let remedy =
            switch program {
            case .exporter: "build it with `swift build --product kube-audit-exporter`"
            case .victoriaMetrics: "install Debian's package victoria-metrics"
            default: "install it with `make deps`"
            }
        return """
            \(program.rawValue) is not there: \(remedy), or say where it is with \(program.variable)=/path. \
            Looked for \(searched.joined(separator: ", ")).
            """
    }
}
