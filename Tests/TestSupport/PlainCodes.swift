/// The spellings of the code 401 that the byte search finds.
public enum PlainCodes {
    /// Whether a text may hold the number 401 in another spelling: with a fraction or an exponent.
    ///
    /// A plain spelling elsewhere in the text does not matter here: the reference finds each number by a full parse.
    public static func mayBeSpelledOtherwise(_ text: [UInt8]) -> Bool {
        let numbers = text.split { !"0123456789+-.eE".utf8.contains($0) }
        return numbers.contains { number in
            let spelling = String(decoding: number, as: UTF8.self)
            return spelling != "401" && Double(spelling) == 401
        }
    }
}
