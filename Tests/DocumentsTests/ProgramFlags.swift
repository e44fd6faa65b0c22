import Foundation
import LocalStack
import Testing

/// The flags of the program's commands, as it describes them itself.
struct ProgramFlags {
    /// A flag, and its default in the words of `--help`.
    typealias Flags = [String: String?]

    /// By command; `serve` is the default command.
    private let commands: [String: Flags]

    init() async throws {
        let (_, output) = try await Program.exporter.run(["--experimental-dump-help"])
        let root = try JSONDecoder().decode(Help.self, from: Data(output.utf8)).command
        commands = Dictionary(uniqueKeysWithValues: (root.subcommands ?? []).map { ($0.commandName, $0.flags) })
        try #require(commands["serve"]?.isEmpty == false)
    }

    var names: [String] { commands.keys.sorted() }

    /// - Parameter command: A command's name; any other word, or none, stands for the default command.
    func flags(of command: String?) -> Flags { commands[command ?? "serve"] ?? commands["serve"] ?? [:] }

    /// The flags of all commands.
    var all: Set<String> { Set(commands.values.flatMap(\.keys)) }

    private struct Help: Decodable { let command: Command }

    private struct Command: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }
        struct Argument: Decodable {
            let kind: String
            let names: [Name]?
            let abstract: String?
            let defaultValue: String?
        }
        let commandName: String
        let arguments: [Argument]?
        let subcommands: [Command]?

        var flags: Flags {
            var flags: Flags = [:]
            for argument in arguments ?? [] where argument.kind != "positional" {
                let inText = argument.abstract?.firstMatch(of: /\(default: (.*)\)/).map { String($0.1) }
                for name in argument.names ?? [] where name.kind == "long" {
                    flags["--\(name.name)"] = argument.kind == "flag" ? .some(nil) : argument.defaultValue ?? inText
                }
            }
            return flags
        }
    }
}
