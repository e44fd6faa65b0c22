import AccessScanning
import Exposition
import HTTPServing

/// The text of the distinct paths of each source, in one format.
///
/// A page of profiles keeps its text while its values stay the same. They fall with time, so each scrape looks at all of
/// them. Labels are made when a page is written: kept, they would take more memory than the text.
struct PathsText: Sendable {
    private struct Page: Sendable {
        let sources: [Source]
        let paths: [Int]
        let text: BodyPart
    }

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

    /// Writes the pages that have changed.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func update(_ profiles: JoinedPages<SourceProfile>, at now: Double) {
        parts = profiles.parts.enumerated().map { number, part in
            let old = number < parts.count ? parts[number] : []
            return part.pages.enumerated().map { number, profiles in
                page(profiles, replacing: number < old.count ? old[number] : nil, at: now)
            }
        }
    }

    private func page(_ profiles: [SourceProfile], replacing old: Page?, at now: Double) -> Page {
        let paths = profiles.indices.map { profiles[$0].paths.count(at: now) }
        if let old, old.paths == paths, profiles.indices.allSatisfy({ profiles[$0].source == old.sources[$0] }) {
            return old
        }
        var text = ExpositionText(format)
        for (place, count) in paths.enumerated() {
            let (source, location) = (profiles[place].source, profiles[place].location)
            let labels = LabelSet(
                DetectionMetrics.distinctPaths.labels,
                [source.address.description, location.country, location.city, source.origin.rawValue])
            text.write(Sample(SampleValue(count), labels: labels), of: DetectionMetrics.distinctPaths)
        }
        return Page(sources: profiles.map(\.source), paths: paths, text: BodyPart(text.take()))
    }
}
