extension Unicode.Scalar {
    /// Whether a reader cannot see it, or takes it for another character: control characters, marks that change the
    /// direction of text, spaces other than U+0020, and characters without a shape of their own.
    ///
    /// This is the one rule for JSON, pages, tables, CSV and logs. It follows Unicode's properties, so that ordinary text
    /// of all languages stays as it is.
    var isInvisible: Bool {
        // Most text is ASCII, and there may be tens of megabytes of it.
        if isASCII { return value < 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse,
            .unassigned:
            return true
        default:
            // Fillers and selectors of variants are letters and marks by their category.
            return properties.isDefaultIgnorableCodePoint || properties.isWhitespace || Self.blanks.contains(self)
        }
    }

    /// Visible ones by all properties, whose shape is blank: the Braille pattern without dots, the Khitan filler and the
    /// null notehead.
    private static let blanks: Set<Unicode.Scalar> = ["\u{2800}", "\u{16FE4}", "\u{1D159}"]

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
