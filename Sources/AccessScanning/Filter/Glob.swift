/// A text with wildcards: `*` stands for any characters or none, `?` for any one; `\*`, `\?` and `\\` for themselves.
///
/// It is held against the whole text, character by character (Unicode scalars), upper and lower case apart. Matching
/// takes no more steps than pattern and text are long, multiplied: the text is the client's, who must not be able to
/// make it slow.
public struct Glob: Sendable, Hashable {
    private enum Element: Sendable, Hashable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyCharacters
    }

    private let elements: [Element]

    /// - Parameter pattern: The text; `nil` where it ends in a single `\`.
    public init?(_ pattern: String) {
        var elements: [Element] = []
        var isEscaped = false
        for scalar in pattern.unicodeScalars {
            switch scalar {
            case _ where isEscaped:
                elements.append(.character(scalar))
                isEscaped = false
            case "\\": isEscaped = true
            case "?": elements.append(.anyCharacter)
            case "*": if elements.last != .anyCharacters { elements.append(.anyCharacters) }
            default: elements.append(.character(scalar))
            }
        }
        guard !isEscaped else { return nil }
        self.elements = elements
    }

    /// Whether it matches the whole of `text`.
    public func matches(_ text: String) -> Bool {
        var steps = 0
        return matches(text, steps: &steps)
    }

    /// - Parameter steps: Rises by one with each character that is held against an element.
    func matches(_ text: String, steps: inout Int) -> Bool {
        let characters = text.unicodeScalars
        var position = characters.startIndex
        var next = 0
        // Where to go on when what follows the last `*` does not match: that one then covers one more character. The
        // ones before never need to cover more, for whatever could follow then can follow now too; this is what keeps
        // it from trying all ways.
        var retry: (next: Int, position: String.UnicodeScalarView.Index)?
        while position < characters.endIndex {
            steps += 1
            if next < elements.count, elements[next] == .anyCharacters {
                next += 1
                guard next < elements.count else { return true }
                retry = (next, position)
            } else if next < elements.count, covers(elements[next], characters[position]) {
                next += 1
                position = characters.index(after: position)
            } else if let before = retry {
                next = before.next
                position = characters.index(after: before.position)
                retry = (next, position)
            } else {
                return false
            }
        }
        return elements[next...].allSatisfy { $0 == .anyCharacters }
    }

    private func covers(_ element: Element, _ character: Unicode.Scalar) -> Bool {
        switch element {
        case .character(let own): own == character
        case .anyCharacter: true
        case .anyCharacters: false
        }
    }
}
