import HTTPServing

/// Headers and listen addresses: for any text, the negotiated response is an available one.
enum HeadersTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let text = String(decoding: bytes, as: UTF8.self)
        let offers = ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0; charset=utf-8"]
        let header = AcceptHeader(text)
        let qualities = offers.map(header.quality)
        try Disagreement.unless(qualities.allSatisfy { (0...1).contains($0) }, "qualities \(qualities)")
        let best = header.best(of: offers)
        let highest = qualities.max() ?? 0
        try Disagreement.unless(
            best == (highest > 0 ? zip(offers, qualities).first { $0.1 == highest }?.0 : nil),
            "\(String(describing: best)) of qualities \(qualities)")
        // The text may also be the offered type.
        try Disagreement.unless((0...1).contains(AcceptHeader("*/*").quality(of: text)), "quality of \(text)")
        if let address = ListenAddress(text) {
            try Disagreement.unless(
                ListenAddress(address.description) == address, "\(address) is another address to listen at")
        }
    }
}
