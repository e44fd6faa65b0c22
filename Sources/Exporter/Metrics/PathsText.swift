import AccessScanning
import Exposition
import HTTPServing

/// The text of the distinct paths of each source, in one format.
///
/// A page of profiles keeps its text while its values stay the same. Values fall when a minute begins. So a page is
/// compared with its text once a minute, and when it has changed. The shown values are kept, not the profiles: a text must
/// not keep old evidence in memory.
struct PathsText: Sendable {
    /// What is shown of a profile besides its location.
    private struct Shown: Sendable, Equatable {
        let source: Source
        // At most `RecentPaths.limit`.
        let paths: UInt8
    }

    private struct Page: Sendable {
        // Of the profiles whose values are shown, and the minute for which they are.
        var version: PageVersion
        var minute: Int
        let shown: [Shown]
        // Empty if all are unknown.
        let locations: [Location]
        let text: BodyPart
    }

    private static let template = SampleTemplate(DetectionMetrics.distinctPaths)

    private let format: ExpositionFormat
    private let head: BodyPart
    // Those of each part of the profiles, whose places are stable within a part.
    private var parts: [[Page]] = []

    init(in format: ExpositionFormat) {
        self.format = format
        head = BodyPart(headOf: DetectionMetrics.distinctPaths, in: format)
    }

    /// The family as parts of an answer, head included.
    var body: [BodyPart] { [head] + parts.joined().map(\.text) }

    /// Renews the pages that have changed.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func update(_ profiles: JoinedPages<SourceProfile>, at now: Double) {
        parts = profiles.parts.enumerated().map { number, part in
            let old = number < parts.count ? parts[number] : []
            return part.pages.indices.map { number in
                let (profiles, version) = (part.pages[number], part.version(ofPage: number))
                guard number < old.count else { return page(of: profiles, version, at: now) }
                var page = old[number]
                if page.version === version, page.minute == RecentPaths.minute(of: now) { return page }
                guard Self.isShown(profiles, by: page, at: now) else {
                    return self.page(of: profiles, version, at: now)
                }
                (page.version, page.minute) = (version, RecentPaths.minute(of: now))
                return page
            }
        }
    }

    /// Whether the text of a page is that of these profiles.
    private static func isShown(_ profiles: [SourceProfile], by page: Page, at now: Double) -> Bool {
        guard profiles.count == page.shown.count else { return false }
        return profiles.indices.allSatisfy { place in
            profiles[place].distinctPaths(at: now) == Int(page.shown[place].paths)
                && profiles[place].source == page.shown[place].source
                && profiles[place].location == (page.locations.isEmpty ? .unknown : page.locations[place])
        }
    }

    private func page(of profiles: [SourceProfile], _ version: PageVersion, at now: Double) -> Page {
        let shown = profiles.indices.map { place in
            Shown(source: profiles[place].source, paths: UInt8(clamping: profiles[place].distinctPaths(at: now)))
        }
        let isLocated = profiles.indices.contains { profiles[$0].location != .unknown }
        let locations = isLocated ? profiles.indices.map { profiles[$0].location } : []
        let text = BodyPart { [format] in
            var text = ExpositionText(format, capacity: shown.count * 160)
            for place in shown.indices {
                text.write(SampleValue(Int(shown[place].paths)), of: Self.template) {
                    $0.append(shown[place].source, at: locations.isEmpty ? .unknown : locations[place])
                }
            }
            return text.bytes
        }
        return Page(
            version: version, minute: RecentPaths.minute(of: now), shown: shown, locations: locations, text: text)
    }
}
