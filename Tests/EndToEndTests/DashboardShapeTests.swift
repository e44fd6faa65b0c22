import Foundation
import Testing

/// Rules of Grafana's dashboard-linter, and further rules for dashboards that are easy to import and to read.
///
/// Source: <https://github.com/grafana/dashboard-linter/blob/main/docs/index.md>
@Suite("Each dashboard")
struct DashboardShapeTests {
    private let dashboards: [Dashboard]

    init() throws {
        dashboards = try Dashboard.all().map(\.dashboard)
        try #require(dashboards.map(\.uid) == ["kube-audit-access-scanning", "kube-audit-exporter-health"])
    }

    @Test("has a schema that Grafana 10 reads, and no data of a particular Grafana")
    func neutral() throws {
        for (file, dashboard) in try Dashboard.all() {
            // Grafana 10.0 writes this version; later ones read it.
            #expect(dashboard.schemaVersion == 38, "\(dashboard.title)")
            #expect(dashboard.uid.count <= 40 && dashboard.uid.wholeMatch(of: /[a-z0-9-]+/) != nil, "\(dashboard.uid)")
            #expect(dashboard.version == 1 && dashboard.timezone == "browser", "\(dashboard.title)")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains(#""id": null"#), "\(file.lastPathComponent) has the id of a particular Grafana")
            for own in ["__inputs", "__requires", "iteration", "pluginVersion", "grafana.net", "irate("] {
                #expect(!text.contains(own), "\(file.lastPathComponent) has \(own)")
            }
        }
    }

    @Test("has variables for the data source, the cluster, the job and the instance")
    func variables() throws {
        for dashboard in dashboards {
            #expect(dashboard.variables.map(\.name) == ["datasource", "cluster", "job", "instance"])
            let source = try #require(dashboard.variables.first)
            #expect(source.type == "datasource" && source.query == "prometheus" && source.label == "Data source")
            for variable in dashboard.variables.dropFirst() {
                #expect(variable.type == "query" && variable.datasource == .chosen, "\(variable.name)")
                #expect(variable.label.lowercased() == variable.name)
                #expect(variable.multi && variable.includeAll && variable.refresh == 2, "\(variable.name)")
                #expect(variable.query.wholeMatch(of: /label_values\(kube_audit_exporter_build_info.*, \w+\)/) != nil)
                // Not every Prometheus has the label cluster.
                #expect(variable.allValue == (variable.name == "cluster" ? ".*" : ".+"), "\(variable.name)")
            }
        }
    }

    @Test("links to the other one and passes the variables on")
    func links() {
        for dashboard in dashboards {
            let others = dashboards.filter { $0.uid != dashboard.uid }
            let found = dashboard.links.filter { link in
                link.type == "dashboards" && link.includeVars && link.keepTime
                    && others.allSatisfy { Set(link.tags).isSubset(of: $0.tags) }
            }
            #expect(found.count == 1, "\(dashboard.title): \(dashboard.links)")
        }
    }

    @Test("has panels with a title of their own, a description, a unit, thresholds, and the chosen data source")
    func panels() {
        for dashboard in dashboards {
            #expect(!dashboard.description.isEmpty)
            #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count, "\(dashboard.title)")
            #expect(Set(dashboard.shown.map(\.title)).count == dashboard.shown.count, "\(dashboard.title)")
            for panel in dashboard.shown {
                let name = "\(dashboard.title): \(panel.title)"
                #expect((panel.description ?? "").hasSuffix("."), "\(name)")
                #expect(Self.units.contains(panel.fieldConfig?.defaults.unit ?? ""), "\(name)")
                #expect(panel.fieldConfig?.defaults.thresholds?.steps.first?.value == nil, "\(name)")
                #expect(panel.fieldConfig?.defaults.thresholds?.steps.isEmpty == false, "\(name)")
                #expect(panel.datasource == .chosen, "\(name)")
                #expect(panel.targets?.isEmpty == false, "\(name)")
                for target in panel.targets ?? [] {
                    #expect(target.datasource == .chosen, "\(name)")
                    #expect(target.instant != target.range, "\(name)")
                    #expect((target.format == "table") == (panel.type == "table" || panel.type == "geomap"), "\(name)")
                    if panel.type == "timeseries" { #expect(target.legendFormat?.isEmpty == false, "\(name)") }
                }
            }
            for mark in dashboard.marks { #expect(mark.datasource == .chosen, "\(mark.name)") }
        }
    }

    @Test("has panels within its 24 columns that do not overlap")
    func layout() {
        for dashboard in dashboards {
            for (index, panel) in dashboard.panels.enumerated() {
                let place = panel.gridPos
                #expect(place.x >= 0 && place.w > 0 && place.h > 0 && place.x + place.w <= 24, "\(panel.title)")
                for other in dashboard.panels[..<index] {
                    #expect(!place.overlaps(other.gridPos), "\(panel.title) overlaps \(other.title)")
                }
            }
        }
    }

    @Test("filters by its variables: metrics by cluster, job and instance, recording rules by cluster")
    func matchers() {
        let cluster = #"cluster=~"$cluster""#
        let exporter = [#"job=~"$job""#, #"instance=~"$instance""#]
        for dashboard in dashboards {
            for panel in dashboard.shown {
                for expression in panel.expressions {
                    #expect(expression.bareMetrics.isEmpty, "\(panel.title): \(expression.bareMetrics)")
                    #expect(!expression.selectors.isEmpty, "\(panel.title): \(expression.text)")
                    for selector in expression.selectors {
                        #expect(selector.matchers.contains(cluster), "\(panel.title): \(selector)")
                        // A recording rule sums over the exporters of a cluster.
                        let chosen = exporter.filter { selector.matchers.contains($0) }
                        #expect(chosen == (selector.isOfRules ? [] : exporter), "\(panel.title): \(selector)")
                    }
                }
            }
        }
    }

    // `up` and process_* exist for every target of Prometheus, and another program may have a job of the same name.
    @Test("limits metrics of any program to targets that were exporters within the time range")
    func exportersOnly() {
        let limit =
            " and on (cluster, job, instance) last_over_time(kube_audit_exporter_build_info{"
            + #"cluster=~"$cluster",job=~"$job",instance=~"$instance"}[$__range] @ end())"#
        for dashboard in dashboards {
            for panel in dashboard.shown {
                for expression in panel.expressions {
                    let general = expression.selectors.filter { $0.metric == "up" || $0.metric.hasPrefix("process_") }
                    #expect(general.isEmpty || expression.text.contains(limit), "\(panel.title): \(expression.text)")
                }
            }
        }
    }

    @Test("uses Grafana's rate interval for rates, and only for them")
    func rates() {
        for dashboard in dashboards {
            for panel in dashboard.shown {
                for selector in panel.expressions.flatMap(\.selectors) {
                    let isRate = ["rate", "increase"].contains(selector.function)
                    #expect((selector.range == "$__rate_interval") == isRate, "\(panel.title): \(selector)")
                }
            }
        }
    }

    @Test("has a small text-based picture of each panel")
    func pictures() throws {
        for (file, dashboard) in try Dashboard.all() {
            let name = file.deletingPathExtension().lastPathComponent
            let picture = file.deletingLastPathComponent().appending(path: "pictures/\(name).svg")
            let text = try String(contentsOf: picture, encoding: .utf8)
            let (size, start) = (text.utf8.count, text.prefix(5))
            #expect(size < 100_000 && start == "<svg ", "\(name)")
            for panel in dashboard.panels {
                // Not within #expect, which would print the picture.
                let hasPanel = text.contains(">\(panel.title)</text>")
                #expect(hasPanel, "\(picture.path) has no panel \(panel.title); make pictures draws it")
            }
        }
    }

    private static let units: Set = ["short", "none", "percentunit", "s", "bytes", "Bps", "cps", "reqps"]
}
