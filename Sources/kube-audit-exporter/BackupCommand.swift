import ArgumentParser
import Exporter

/// Copies the state.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the counters and read positions of an exporter, also while it runs.",
        usage: "kube-audit-exporter backup [--storage.path <directory>] <directory>",
        discussion: """
            Copies the state to a directory that does not exist, checks the copy, and prints what it holds. The copy is a \
            state of one moment. A plain copy of the files is not, unless the exporter is stopped.

            To restore it, stop the exporter, put the copy in place of the directory of --storage.path, owned by the \
            exporter's user, and start the exporter. It reads on from the read positions of the copy.

            For example, with the directory of the Debian package:
              kube-audit-exporter backup --storage.path /var/lib/kube-audit-exporter \\
                  /var/backups/kube-audit-exporter

            Exit status: 0 if the copy is complete, 1 if there is none.
            """)

    @OptionGroup var storage: StorageFlags

    @Argument(
        help: ArgumentHelp("Directory to make; it must not exist.", valueName: "directory"), completion: .directory)
    var target: String

    func run() throws {
        try printingErrors { try Backup.run(storagePath: storage.path, target: target) }
    }
}
