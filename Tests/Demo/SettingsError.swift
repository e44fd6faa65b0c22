/// A variable that is not a number of seconds.
struct SettingsError: Error, CustomStringConvertible {
    let name: String
    let text: String

    var description: String { "\(name) must be a number of seconds above 0, not \"\(text)\"." }
}
