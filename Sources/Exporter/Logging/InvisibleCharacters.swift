extension Unicode.Scalar {
    /// Whether it affects a terminal or the display of the text around it: control characters, and marks such as those
    /// that change the direction of text.
    var isInvisible: Bool {
        // Most text is ASCII, and there may be tens of megabytes of it.
        if isASCII { return value < 0x20 || value == 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// Its escape sequence in a JSON string.
    var jsonEscape: String {
        switch self {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default:
            String(self).utf16.reduce(into: "") { text, unit in
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
}

extension String {
    /// The text with invisible characters as escape sequences, so that it is harmless on a terminal, in one line. Its
    /// own backslashes are doubled, so that they differ from those of escape sequences.
    var withVisibleEscapes: String {
        guard unicodeScalars.contains(where: { $0.isInvisible || $0 == "\\" }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\\": text += "\\\\"
            case _ where scalar.isInvisible: text += scalar.jsonEscape
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
