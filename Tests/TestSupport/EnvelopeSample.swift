public import AuditEvents
public import Foundation

/// A file of Tests/Fixtures/envelopes, and what must be found in it: Tests/Envelopes/expected.json.
public struct EnvelopeSample: Sendable, Decodable, CustomStringConvertible {
    /// Without its flag.
    public struct Unnamed: Sendable, Decodable {
        /// The number of records that are not read.
        public var malformed: Int
        /// The format that the log names.
        public var looksLike: String

        enum CodingKeys: String, CodingKey {
            case malformed
            case looksLike = "looks_like"
        }
    }

    /// The value of `--audit.format`.
    public var format: String
    /// Requests by outcome: `ADDRESS verified`, and their number.
    public var forbidden, unauthorized, allowed: [String: Int]
    /// Numbers of records.
    public var events, foreign, truncated, malformed: Int
    /// What happens without a flag; `nil` if none is needed.
    public var auto: Unnamed?
    /// Whether it holds the same five requests as the others.
    public var same: Bool
    /// The name of the file.
    public var name = ""

    enum CodingKeys: String, CodingKey {
        case format, forbidden, unauthorized, allowed, events, foreign, truncated, malformed, auto, same
    }

    /// Its name.
    public var description: String { name }
    /// Its file.
    public var url: URL { Fixture.url("envelopes/\(name)") }
    /// `NAME:PATH`
    public var argument: String { "\(format):\(url.path)" }
    /// The format.
    public var auditFormat: AuditFormat { AuditFormat(rawValue: format) ?? .auto }

    /// All of them, by name.
    public static let all: [EnvelopeSample] = {
        let file = Fixture.repository.appending(path: "Tests/Envelopes/expected.json")
        let samples = (try? JSONDecoder().decode([String: EnvelopeSample].self, from: Data(contentsOf: file))) ?? [:]
        return samples.sorted { $0.key < $1.key }.map { name, sample in
            var sample = sample
            sample.name = name
            return sample
        }
    }()
}
