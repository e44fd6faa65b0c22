import Foundation
import LocalStack
import Testing

/// Grafana finds a country by its name in its list of countries, or by its ISO code.
///
/// Source: <https://github.com/grafana/grafana/blob/main/public/gazetteer/countries.json>
@Suite("The map of countries")
struct MapOfCountriesTests {
    /// English names of GeoLite2, and the names or codes that Grafana finds.
    static let places = [
        ("United States", "United States"), ("Russia", "Russia"), ("South Korea", "South Korea"),
        ("Hong Kong", "Hong Kong"), ("Netherlands", "Netherlands"), ("Czech Republic", "Czech Republic"),
        ("Turkey", "Turkey"), ("Czechia", "CZ"), ("Türkiye", "TR"), ("The Netherlands", "NL"),
        ("North Macedonia", "MK"), ("Myanmar", "MM"), ("Ivory Coast", "CI"), ("Côte d'Ivoire", "Côte d'Ivoire"),
        ("Eswatini", "SZ"), ("Cabo Verde", "CV"), ("Palestine", "PS"), ("Congo Republic", "CG"), ("DR Congo", "CD"),
        ("Congo (DRC)", "CD"), ("Åland Islands", "AX"), ("Federated States of Micronesia", "FM"),
    ]

    @Test("gets a name or a code that Grafana finds, for each origin", .timeLimit(.minutes(1)))
    func names() async throws {
        let panel = try #require(
            try Dashboard.all().flatMap(\.dashboard.shown).first { $0.title == "Map of countries" })
        let origins = ["verified", "claimed"]
        let rule = "cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h"
        let series = Self.places.enumerated().flatMap { index, place in
            origins.map { origin in
                let labels = #"src_ip="192.0.2.\#(index)", country="\#(place.0)", origin="\#(origin)""#
                return (name: "\(rule){\(labels)}", values: "1 7 6")
            }
        }
        // The maximum within the hour is drawn.
        let samples = Self.places.flatMap { place in
            origins.map { (labels: #"{country="\#(place.0)", origin="\#($0)", place="\#(place.1)"}"#, value: 7.0) }
        }
        let cases = try panel.expressions.map { (minute: 2, expression: try $0.filled(), samples: samples) }
        let test = try await PromtoolExpressions(series: series, cases: cases).run()
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
