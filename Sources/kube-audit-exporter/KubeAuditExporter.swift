import ArgumentParser

@main
struct KubeAuditExporter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kube-audit-exporter")
}
