extension ExpositionFormat {
    /// Writes families as a scraper reads them.
    ///
    /// - Parameter families: In the order in which they are written; no two with the same name.
    /// - Returns: UTF-8.
    public func render(_ families: [MetricFamily]) -> [UInt8] {
        let samples = families.lazy.map(\.samples.count).reduce(0, +)
        var text = ExpositionText(capacity: 4096 + samples * 256)
        for family in families { write(family, to: &text) }
        if self == .openMetrics { text.write("# EOF\n") }
        return text.bytes
    }

    private func write(_ family: MetricFamily, to text: inout ExpositionText) {
        let name = self == .openMetrics ? family.baseName : family.name
        text.write("# HELP \(name) \(Escape.help(family.help, in: self))\n")
        text.write("# TYPE \(name) \(family.kind.rawValue)\n")
        if self == .openMetrics, let unit = family.unit { text.write("# UNIT \(name) \(unit)\n") }
        for sample in family.samples {
            write(family.name, sample.labels, to: &text)
            sample.value.write(to: &text)
            guard self == .openMetrics, family.kind == .counter else {
                text.write("\n")
                continue
            }
            if let exemplar = sample.exemplar { write(exemplar, to: &text) }
            text.write("\n")
            if let created = sample.created {
                write(family.baseName + "_created", sample.labels, to: &text)
                text.write(created)
                text.write("\n")
            }
        }
    }

    private func write(_ name: String, _ labels: LabelSet, to text: inout ExpositionText) {
        text.write(name)
        if !labels.text.isEmpty {
            text.write("{")
            text.write(labels.text)
            text.write("}")
        }
        text.write(" ")
    }

    private func write(_ exemplar: Exemplar, to text: inout ExpositionText) {
        text.write(" # {")
        text.write(exemplar.labels.text)
        text.write("} 1")
        if let timestamp = exemplar.timestamp {
            text.write(" ")
            text.write(timestamp)
        }
    }
}
