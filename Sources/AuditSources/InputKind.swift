/// How events reach the exporter; as it stands in the label `input`.
public enum InputKind: String, Sendable, Hashable, CaseIterable {
    /// A log that is followed, or a FIFO.
    case file
    /// Standard input.
    case stdin
    /// The API server's audit webhook.
    case webhook
}
