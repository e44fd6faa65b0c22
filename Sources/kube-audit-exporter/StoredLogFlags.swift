import ArgumentParser
import Exporter

/// Which logs a command reads once, and which of their requests; the same for all such commands.
struct StoredLogFlags: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Logs: files, globs, directories (the files in them), or - for standard input. gzip and zstd are recognized "
                + "by their content.", valueName: "file"),
        completion: .file())
    var files: [String]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Requests from this time on: RFC 3339, a date (UTC), or a duration back from now.", valueName: "time"))
    var since: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Requests before this time, in the same forms.", valueName: "time"))
    var until: String?
}

/// Runs the work of a command. An error is printed as one line, and the command ends with its status.
func printingErrors<Result>(of work: () throws -> Result) throws -> Result {
    do {
        return try work()
    } catch {
        StandardStreams.complain("\(error)")
        throw ExitCode(FailureStatus(of: error).rawValue)
    }
}
