import AccessScanning

/// The requests of a source in each minute of the last hour by outcome, as an inline SVG.
struct HourChart {
    /// The outcomes with requests, from the axis upwards, and their requests in each minute.
    private let layers: [(outcome: Outcome, requests: [UInt64])]
    /// The requests of all of them in each minute.
    private let requests: [UInt64]
    private let now: Double

    private static let width = 732
    private static let height = 150
    /// Where the bars stand: below the largest number, above the times.
    private static let top = 28
    private static let bottom = 126

    init(_ activity: SourceActivity, at now: Double) {
        layers = Outcome.allCases.filter(activity.choice.includes)
            .map { ($0, activity.requestsByMinute($0, at: now)) }.filter { $0.requests.contains { $0 > 0 } }
        requests = (0..<RequestsByMinute.limit).map { [layers] minute in layers.reduce(0) { $0 + $1.requests[minute] } }
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
            <figcaption class="faint">\(legend)\(summary(most)) A request counts for the minute in which the exporter read it. \
            Times are UTC.</figcaption>
            </figure>
            """
    }

    private func summary(_ most: UInt64) -> String {
        let busy = requests.count { $0 > 0 }
        let peak = requests.lastIndex(of: most) ?? 0
        return
            "Requests in \(HTML.count(busy, "minute")) of the last hour, at most \(HTML.count(most, "request")) a minute, "
            + "at \(time(of: peak).hourAndMinute)."
    }

    /// A bar for each minute with requests and each outcome. It is at least two pixels high, so that single requests can be
    /// seen.
    private func bars(_ most: UInt64) -> String {
        let height = Double(Self.bottom - Self.top)
        return requests.indices.flatMap { index in
            var base = Self.bottom
            return layers.filter { $0.requests[index] > 0 }.map { outcome, requests in
                let bar = max(2, Int((height * Double(requests[index]) / Double(most)).rounded()))
                base -= bar
                let text = "\(HTML.count(requests[index], "request")), \(outcome.rawValue)"
                return """
                    <rect class="bar \(outcome.rawValue)" x="\(12 * index + 1)" y="\(base)" width="10" height="\(bar)">\
                    <title>\(time(of: index).hourAndMinute): \(text)</title></rect>
                    """
            }
        }.joined(separator: "\n")
    }

    /// The colors of the outcomes, with their requests, so that no color is needed to read it.
    private var legend: String {
        let items = layers.map { outcome, requests in
            "<span class=\"key \(outcome.rawValue)\">\(outcome.rawValue) \(HTML.grouped(requests.reduce(0, +)))</span> "
        }
        return items.joined()
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
