import AccessScanning
import AuditEvents
import ConfigurationFiles

/// A filter file is read or rejected with a message; a glob matches as in its reference; a claimed address, which the
/// client wrote, hides nothing.
///
/// Zeros split the input: the file, then pairs of a pattern and a text.
enum FilterTarget {
    static func run(_ bytes: [UInt8]) throws {
        let parts = bytes.split(separator: 0, maxSplits: 16, omittingEmptySubsequences: false)
        let texts = parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
        for (index, pattern) in texts.enumerated() where index.isMultiple(of: 2) {
            try hold(pattern, against: index + 1 < texts.count ? texts[index + 1] : "")
        }
        let content = parts.first ?? []
        guard let filter = try filter(in: content) else { return }
        let words =
            texts + content.split { " \n,[]\"".utf8.contains($0) }.suffix(8).map { String(decoding: $0, as: UTF8.self) }
        for word in words + [""] { try hold(filter, against: word) }
    }

    private static func hold(_ pattern: String, against text: String) throws(Disagreement) {
        // The reference takes time and memory proportional to the product of both lengths.
        guard pattern.utf8.count <= 200, text.utf8.count <= 1000 else {
            _ = Glob(pattern)?.matches(text)
            return
        }
        let expected = ReferenceGlob.matches(pattern, text)
        let found = Glob(pattern)?.matches(text)
        try Disagreement.unless(
            found == expected,
            "\(pattern.debugDescription) on \(text.debugDescription): expected \(String(describing: expected)), "
                + "found \(String(describing: found))")
    }

    private static func filter(in content: ArraySlice<UInt8>) throws -> RequestFilter? {
        do throws(ConfigurationFileError) {
            return try RequestFilter(content: Array(content), file: "filter.yml")
        } catch {
            // YAML has other line breaks too.
            let lines =
                String(decoding: content, as: UTF8.self).unicodeScalars
                .count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
            try Disagreement.unless(
                error.file == "filter.yml" && !error.reason.isEmpty
                    && error.line.map { (1...lines + 1).contains($0) } ?? true,
                "an error that says too little: \(error)")
            return nil
        }
    }

    private static func hold(_ filter: RequestFilter, against word: String) throws(Disagreement) {
        // Each word stands for several codes and verbs.
        let code = [200, 401, 403, nil][word.utf8.count % 4]
        let event = AuditEvent(
            requestURI: word, verb: word.utf8.count % 3 == 0 ? "get" : word, userAgent: word, responseCode: code)
        let outcome: Outcome? =
            switch code {
            case 200: .allowed
            case 401: .unauthorized
            case 403: .forbidden
            default: nil
            }
        let addresses = filter.entries.flatMap { $0.networks ?? [] }.prefix(8).compactMap { network in
            IPAddress(String(network.description.prefix { $0 != "/" })).map(SourceAddress.address)
        }
        for address in addresses + [.invalid, .other] {
            let claimed = filter.entry(matching: event, from: Source(address, .claimed))
            try Disagreement.unless(
                claimed == nil, "\(word) from \(address), which is claimed: \(String(describing: claimed))")
            let expected = filter.entries.first { entry in
                let conditions: [Bool] = [
                    entry.networks.map { isIn(address, $0) } ?? true,
                    entry.userAgents?.contains { $0.matches(word) } ?? true,
                    entry.requestURIs?.contains { $0.matches(word) } ?? true,
                    entry.verbs?.contains(event.verb) ?? true,
                    entry.outcomes.map { outcomes in outcome.map(outcomes.contains) ?? false } ?? true,
                ]
                return !conditions.contains(false)
            }
            let found = filter.entry(matching: event, from: Source(address, .verified))
            try Disagreement.unless(
                found == expected,
                "\(word) from \(address): expected \(String(describing: expected)), found \(String(describing: found))")
        }
    }

    private static func isIn(_ address: SourceAddress, _ networks: [Network]) -> Bool {
        guard case .address(let address) = address else { return false }
        return networks.contains { $0.contains(address) }
    }
}
