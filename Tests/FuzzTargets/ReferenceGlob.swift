/// The meaning of a glob, implemented as it is explained: slow, but obviously correct.
enum ReferenceGlob {
    /// Whether the pattern matches the whole text; `nil` if it is not a pattern.
    static func matches(_ pattern: String, _ text: String) -> Bool? {
        guard let elements = elements(of: pattern) else { return nil }
        let text = Array(text.unicodeScalars)
        // The prefixes of the text that the elements so far match, by length.
        var reached = [true] + [Bool](repeating: false, count: text.count)
        for element in elements {
            var next = [Bool](repeating: false, count: text.count + 1)
            for length in 0...text.count {
                switch element {
                case .some(let accepted):
                    next[length] = length > 0 && reached[length - 1] && accepted.map { $0 == text[length - 1] } ?? true
                case .none: next[length] = reached[length] || length > 0 && next[length - 1]
                }
            }
            reached = next
        }
        return reached[text.count]
    }

    /// Any number of characters is `nil`, any single one `.some(nil)`.
    private static func elements(of pattern: String) -> [Unicode.Scalar??]? {
        var elements: [Unicode.Scalar??] = []
        var rest = Array(pattern.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": elements.append(.none)
            case "?": elements.append(.some(.none))
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                elements.append(.some(escaped))
            default: elements.append(.some(scalar))
            }
        }
        return elements
    }
}
