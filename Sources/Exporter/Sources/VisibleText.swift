extension String {
    /// The text on one line, with each invisible character replaced by an escape such as `\u{202e}`, `\n` or `\t`. It is
    /// safe to write to a terminal, and is read in the direction in which it was written.
    var showingInvisibles: String {
        guard unicodeScalars.contains(where: \.isInvisible) else { return self }
        var shown = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": shown += #"\n"#
            case "\r": shown += #"\r"#
            case "\t": shown += #"\t"#
            case _ where scalar.isInvisible: shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
