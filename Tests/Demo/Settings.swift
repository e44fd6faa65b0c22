/// The demo's settings from the environment.
struct Settings {
    /// Duration after which the demo stops by itself (`DEMO_SECONDS`); `nil` for never.
    let duration: Duration?
    /// Duration over which the scans of the log are spread (`DEMO_REPLAY_SECONDS`).
    let replay: Duration

    /// - Throws: `SettingsError`, which names the variable.
    init(environment: [String: String]) throws(SettingsError) {
        duration = try Self.seconds("DEMO_SECONDS", in: environment)
        replay = try Self.seconds("DEMO_REPLAY_SECONDS", in: environment) ?? .seconds(20)
    }

    private static func seconds(
        _ name: String, in environment: [String: String]
    ) throws(SettingsError) -> Duration? {
        guard let text = environment[name] else { return nil }
        guard let seconds = Double(text), seconds > 0, seconds <= 1_000_000 else {
            throw SettingsError(name: name, text: text)
        }
        return .seconds(seconds)
    }
}
