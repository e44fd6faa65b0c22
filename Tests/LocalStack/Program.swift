public import Foundation
import TestSupport

/// A program of the stack, and its location.
///
/// | program | variable | otherwise |
/// | --- | --- | --- |
/// | exporter | `EXPORTER` | `kube-audit-exporter` beside the running executable, where `swift build` puts it |
/// | demo | `DEMO` | `demo` beside the running executable |
/// | Prometheus | `PROMETHEUS` | `prometheus` in PATH |
/// | Alertmanager | `ALERTMANAGER` | `prometheus-alertmanager` (Debian) or `alertmanager` in PATH |
/// | promtool | `PROMTOOL` | `promtool` beside Prometheus, then in PATH |
/// | amtool | `AMTOOL` | `amtool` beside Alertmanager, then in PATH |
/// | VictoriaMetrics | `VICTORIA_METRICS` | `victoria-metrics` in PATH |
/// | Chromium | `CHROMIUM` | `chromium` in PATH |
/// | schemathesis | `SCHEMATHESIS` | `.build/python/bin/schemathesis`, where `make test` installs it, then in PATH |
///
/// So `PROMETHEUS=/opt/prometheus-3.5.0/prometheus make test` runs the same tests with another version.
public enum Program: String, Sendable, CaseIterable {
    /// The program built by this project.
    case exporter
    /// The demo, which starts a stack itself.
    case demo
    /// Prometheus.
    case prometheus
    /// Alertmanager.
    case alertmanager
    /// The tool that checks rules and metrics; part of Prometheus.
    case promtool
    /// The tool that checks configurations and renders templates; part of Alertmanager.
    case amtool
    /// VictoriaMetrics, which `make deps` does not install; tests that need it are skipped without it.
    case victoriaMetrics = "victoria-metrics"
    /// The browser.
    case chromium
    /// The tool that tests an HTTP API against its OpenAPI description; tests that need it are skipped without it.
    case schemathesis

    /// The environment variable with its path.
    public var variable: String { rawValue.uppercased().replacing("-", with: "_") }

    /// Its location.
    ///
    /// - Throws: `ProgramMissing`, which describes the remedy.
    public func locate() throws(ProgramMissing) -> URL {
        if let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty {
            let url = URL(filePath: path)
            guard Self.isProgram(url) else { throw ProgramMissing(program: self, searched: ["\(variable)=\(path)"]) }
            return url
        }
        let candidates = candidates
        guard let url = candidates.first(where: Self.isProgram) else {
            throw ProgramMissing(program: self, searched: candidates.map(\.path))
        }
        return url
    }

    private var candidates: [URL] {
        switch self {
        case .exporter: [Self.built("kube-audit-exporter")]
        case .demo: [Self.built("demo")]
        case .prometheus: Self.inPath("prometheus")
        case .alertmanager: Self.inPath("prometheus-alertmanager") + Self.inPath("alertmanager")
        case .promtool: Self.beside(.prometheus, "promtool") + Self.inPath("promtool")
        case .amtool: Self.beside(.alertmanager, "amtool") + Self.inPath("amtool")
        case .victoriaMetrics: Self.inPath("victoria-metrics")
        case .chromium: Self.inPath("chromium")
        case .schemathesis:
            [Fixture.repository.appending(path: ".build/python/bin/schemathesis")] + Self.inPath("schemathesis")
        }
    }

    private static func built(_ name: String) -> URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name)
    }

    private static func beside(_ program: Program, _ name: String) -> [URL] {
        [try? program.locate()].compactMap { $0?.deletingLastPathComponent().appending(path: name) }
    }

    private static func inPath(_ name: String) -> [URL] {
        ProcessInfo.processInfo.environment["PATH", default: "/usr/bin:/bin"].split(separator: ":")
            .map { URL(filePath: String($0)).appending(path: name) }
    }

    private static func isProgram(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && !isDirectory.boolValue
            && FileManager.default.isExecutableFile(atPath: url.path)
    }
}
