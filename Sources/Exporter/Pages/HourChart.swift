import AccessScanning

/// The requests of a source in each minute of the last hour, as an inline SVG.
struct HourChart {
    private let requests: [UInt32]
    private let now: Double

    private static let width = 732
    private static let height = 150
    /// Where the bars stand: below the largest number, above the times.
    private static let top = 28
    private static let bottom = 126

    init(_ counter: SourceCounter, at now: Double) {
        requests = counter.byMinute.lastHour(at: now)
        self.now = now
    }

    func render() -> String {
        guard let most = requests.max(), most > 0 else {
            return "<p class=\"faint\">No requests in the last hour.</p>"
        }
        return """
            <figure>
            <svg viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-labelledby="chart-title">
            <title id="chart-title">\(summary(most))</title>
            <line class="axis" x1="0" x2="\(Self.width)" y1="\(Self.bottom)" y2="\(Self.bottom)"></line>
            <line class="axis" x1="0" x2="\(Self.width)" y1="\(Self.top)" y2="\(Self.top)"></line>
            <text x="0" y="\(Self.top - 7)">\(HTML.count(most, "request")) a minute</text>
            \(bars(most))
            \(times)
            </svg>
            <figcaption class="faint">\(summary(most)) A request counts for the minute in which the exporter read it. \
            Times are UTC.</figcaption>
            </figure>
            """
    }

    private func summary(_ most: UInt32) -> String {
        let busy = requests.count { $0 > 0 }
        let peak = requests.lastIndex(of: most) ?? 0
        return
            "Requests in \(HTML.count(busy, "minute")) of the last hour, at most \(HTML.count(most, "request")) a minute, "
            + "at \(time(of: peak).hourAndMinute)."
    }

    /// A bar for each minute with requests. It is at least two pixels high, so that single requests can be seen.
    private func bars(_ most: UInt32) -> String {
        let height = Double(Self.bottom - Self.top)
        return requests.enumerated().compactMap { index, count in
            guard count > 0 else { return nil }
            let bar = max(2, Int((height * Double(count) / Double(most)).rounded()))
            return """
                <rect class="bar" x="\(12 * index + 1)" y="\(Self.bottom - bar)" width="10" height="\(bar)">\
                <title>\(time(of: index).hourAndMinute): \(HTML.count(count, "request"))</title></rect>
                """
        }.joined(separator: "\n")
    }

    private var times: String {
        stride(from: 0, to: requests.count, by: 15).map { index in
            let anchor = index == 0 ? "start" : index == requests.count - 1 ? "end" : "middle"
            let place = index == 0 ? 0 : index == requests.count - 1 ? Self.width : 12 * index + 6
            return """
                <text x="\(place)" y="\(Self.height - 6)" text-anchor="\(anchor)">\(time(of: index).hourAndMinute)</text>
                """
        }.joined(separator: "\n")
    }

    private func time(of index: Int) -> UTCTime {
        UTCTime(now - Double(requests.count - 1 - index) * 60)
    }
}
