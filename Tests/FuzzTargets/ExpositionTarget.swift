import Exposition

/// Whatever labels and HELP contain, a strict reader gets the same values back, and finds nothing else in the text.
///
/// The first eight bytes are a number; zeros split the rest: HELP, then label values, three per sample.
enum ExpositionTarget {
    static func run(_ bytes: [UInt8]) throws {
        let number = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let texts = bytes.dropFirst(8).split(separator: 0, maxSplits: 31, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let help = texts.first ?? ""
        let samples = stride(from: 1, to: texts.count, by: 3).map { index in
            let value = { (offset: Int) in index + offset < texts.count ? texts[index + offset] : "" }
            let exemplar = Exemplar(labels: ["audit_id": value(2)], timestamp: 1.5)
            return (
                labels: [("src_ip", value(0)), ("city", value(1)), ("origin", value(2))],
                sample: Sample(
                    .integer(number), labels: ["src_ip": value(0), "city": value(1), "origin": value(2)],
                    created: Double(bitPattern: number), exemplar: exemplar),
                auditID: exemplar.map { _ in value(2) }
            )
        }
        let gauge = Double(bitPattern: number)
        let families = [
            MetricFamily(Metric("kube_audit_a_total", .counter, help), samples.map(\.sample)),
            MetricFamily(Metric("kube_audit_b_seconds", .gauge, help), .number(gauge)),
        ]
        for format in ExpositionFormat.allCases {
            var reader = ExpositionReader(format.render(families), hasEscapedQuotesInHelp: format == .openMetrics)
            let isOpenMetrics = format == .openMetrics
            let counter = isOpenMetrics ? "kube_audit_a" : "kube_audit_a_total"
            try reader.head(of: counter, help: help, kind: "counter")
            for sample in samples {
                try reader.expect("kube_audit_a_total")
                try reader.labels(sample.labels)
                try reader.expect(" \(number)")
                if isOpenMetrics {
                    if let auditID = sample.auditID {
                        try reader.expect(" # ")
                        try reader.labels([("audit_id", auditID)])
                        try reader.expect(" 1 1.5")
                    }
                    try reader.expect("\nkube_audit_a_created")
                    try reader.labels(sample.labels)
                    try reader.expect(" ")
                    try reader.number(gauge)
                }
                try reader.expect("\n")
            }
            try reader.head(of: "kube_audit_b_seconds", help: help, kind: "gauge")
            if isOpenMetrics { try reader.expect("# UNIT kube_audit_b_seconds seconds\n") }
            try reader.expect("kube_audit_b_seconds ")
            try reader.number(gauge)
            try reader.expect(isOpenMetrics ? "\n# EOF\n" : "\n")
            try reader.expectEnd()
        }
    }
}
