/// Why there is no report.
struct SlowlorisFailure: Error, CustomStringConvertible {
    let description: String
}
