import TestSupport
import Testing

@testable import Exporter

@Suite("Text on a page or a terminal")
struct VisibleTextTests {
    @Test("shows each invisible character as an escape, and leaves the rest but backslashes as it is")
    func shown() {
        #expect("a\u{1b}[2J\u{9b}\n\r\t\u{202e}b\u{0}".withVisibleEscapes == #"a\u001b[2J\u009b\n\r\t\u202eb\u0000"#)
        #expect(#"Zürich 😀 日本 \u001b"#.withVisibleEscapes == #"Zürich 😀 日本 \\u001b"#)
    }

    /// Characters without a shape, and spaces that look like U+0020.
    static let unseen: [ClosedRange<UInt32>] = [
        0...0x1F, 0x7F...0xA0, 0xAD...0xAD, 0x34F...0x34F, 0x61C...0x61C, 0x115F...0x1160, 0x1680...0x1680,
        0x17B4...0x17B5, 0x180B...0x180F, 0x2000...0x200F, 0x2028...0x202F, 0x205F...0x206F, 0x2800...0x2800,
        0x3000...0x3000, 0x3164...0x3164, 0xE000...0xF8FF, 0xFDD0...0xFDEF, 0xFE00...0xFE0F, 0xFEFF...0xFEFF,
        0xFFA0...0xFFA0, 0xFFF0...0xFFFB, 0xFFFE...0xFFFF, 0x16FE4...0x16FE4, 0x1BCA0...0x1BCA3, 0x1D159...0x1D159,
        0x1D173...0x1D17A, 0xE0000...0xE0FFF, 0xF0000...0x10FFFF,
    ]

    @Test("shows no character that a reader cannot see, in any output")
    func unseen() {
        for scalar in Self.unseen.joined().compactMap(Unicode.Scalar.init) {
            let text = "a\(scalar)b"
            var json = JSONText()
            json.string(text)
            for shown in [
                text.withVisibleEscapes, String(decoding: json.bytes, as: UTF8.self),
                LogFormat.logfmt.line([("a", text)]),
                LogFormat.json.line([("a", text)]), HTML.escape(text), HTML.attribute(text),
            ] {
                #expect(
                    !shown.dropLast().unicodeScalars.contains(scalar), "\(String(scalar.value, radix: 16)): \(shown)")
            }
        }
    }

    @Test(
        "leaves words of all languages as they are",
        arguments: [
            "Ελληνικά, Русский, Türkçe, Tiếng Việt, Français « là »", "العربية עברית فارسی اردو",
            "हिन्दी বাংলা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල", "ไทย ລາວ မြန်မာ ភាសាខ្មែរ བོད་སྐད་",
            "한국어 日本語 ひらがな カタカナ ｶﾀｶﾅ 中文（简体）「繁體」", "አማርኛ ქართული Հայերեն ᏣᎳᎩ ᠮᠣᠩᠭᠣᠯ",
            "e\u{301}\u{323} – “quoted” … 100 €", "😀 🇫🇷 🤷🏽 ⠓⠊ ∑ ℝ",
        ])
    func readable(text: String) {
        #expect(text.withVisibleEscapes == text)
    }
}
