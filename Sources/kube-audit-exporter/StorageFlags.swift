import ArgumentParser

/// The directory of the state. A group of its own: the first command takes its flags wherever they are, and a subcommand
/// gets them only by the same group.
struct StorageFlags: ParsableArguments {
    @Option(
        name: .customLong("storage.path"),
        help: ArgumentHelp("Directory for counters and read positions.", valueName: "directory"),
        completion: .directory)
    var path = "data/"
}
