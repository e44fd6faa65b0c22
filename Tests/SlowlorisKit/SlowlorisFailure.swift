/// The reason for a missing report.
struct SlowlorisFailure: Error, CustomStringConvertible {
    let description: String
}
