import HTTPServing

/// The parts that all pages have in common.
enum HTML {
    /// Text made safe for a page, between tags or in a quoted attribute: no character of it is markup, invisible, or
    /// changes the direction of the text around it.
    static func escape(_ text: String) -> String { escapeMarkup(text.withVisibleEscapes) }

    /// The value of an attribute whose text is sent back, such as that of an input. A backslash stays as it is: one that
    /// is doubled would be doubled again with each submission.
    static func attribute(_ text: String) -> String {
        escapeMarkup(
            text.split(separator: "\\", omittingEmptySubsequences: false).map { String($0).withVisibleEscapes }
                .joined(separator: "\\"))
    }

    /// Text that has visible escapes, or is no text of a client, made safe for a page.
    static func escapeMarkup(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A whole page.
    ///
    /// - Parameters:
    ///   - title: The title, as plain text.
    ///   - root: The relative address of `/`, such as `..`. Links are relative, so that they also work behind a proxy
    ///     that removes a prefix of the path.
    ///   - runsScript: Whether the script is of use to the page.
    ///   - main: The content, as HTML.
    static func page(title: String, root: String, runsScript: Bool = false, main: String) -> String {
        let script = runsScript ? "\n<script src=\"\(root)\(PageAssets.scriptPath)\" defer></script>" : ""
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(escape(title))</title>
            <link rel="stylesheet" href="\(root)\(PageAssets.stylePath)">\(script)
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header><nav aria-label="Pages of the exporter"><a href="\(root)/">kube-audit-exporter</a> \
            <a href="\(root)/sources">Sources</a></nav></header>
            <main id="main" tabindex="-1">
            \(main)
            </main>
            <footer>\(escape(BuildInfo.current.description))</footer>
            </body>
            </html>

            """
    }

    /// A number with its thousands separated, such as `11,000`.
    static func grouped(_ number: some BinaryInteger) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text = "," + text }
            text = String(digit) + text
        }
        return text
    }

    /// A number and its noun, such as `1 request` or `2 requests`.
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A time with its age, such as `3 min ago`, and the date and time in UTC.
    static func time(_ seconds: Double, now: Double, isShort: Bool = false) -> String {
        let time = UTCTime(seconds)
        let age = age(now - seconds)
        return isShort
            ? "<time datetime=\"\(time)\" title=\"\(time.short) UTC\">\(age)</time>"
            : "<time datetime=\"\(time)\">\(time.short) UTC</time> <span class=\"faint\">\(age)</span>"
    }

    private static func age(_ seconds: Double) -> String {
        switch seconds {
        case ..<60: "now"
        case ..<3600: "\(Int(seconds / 60)) min ago"
        case ..<172_800: "\(Int(seconds / 3600)) h ago"
        case ..<1e12: "\(Int(seconds / 86400)) d ago"
        default: ""
        }
    }
}

extension String {
    /// The text as a part of a URL's path or query (RFC 3986): all but unreserved characters and colons, which IPv6
    /// addresses have, as percent escapes.
    var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
