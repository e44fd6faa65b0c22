public import AuditEvents

/// What is known to be harmless and not to be reported, as the analytic's macro `kubernetes_access_scanning_filter`
/// says it. Requests that match are counted under the entry's name instead of for their sources.
public struct RequestFilter: Sendable, Hashable {
    /// In the order in which they are asked; no two have the same name.
    public let entries: [FilterEntry]

    /// A filter; one that lets everything through unless entries are given.
    public init(entries: [FilterEntry] = []) {
        self.entries = entries
    }

    /// The first entry that a request matches; `nil` where it is to be reported.
    ///
    /// Only the verified source is asked for its network: a claimed one could else hide every request.
    ///
    /// - Parameters:
    ///   - event: An event of the request.
    ///   - source: Its verified source.
    public func entry(matching event: AuditEvent, from source: Source) -> FilterEntry? {
        guard source.origin == .verified else { return nil }
        return entries.first { $0.matches(event, from: source.address) }
    }
}

/// Requests that are not to be reported. A request matches when it matches each condition that is given, and it matches
/// a condition when it matches any of its values.
public struct FilterEntry: Sendable, Hashable {
    /// What the requests are counted under.
    public let name: String
    /// Where they come from; `nil` for anywhere.
    public let networks: [Network]?
    /// Their user agents; `nil` for any.
    public let userAgents: [Glob]?
    /// What they ask for, path and query; `nil` for anything.
    public let requestURIs: [Glob]?

    /// An entry; conditions that are left out match everything.
    public init(name: String, networks: [Network]? = nil, userAgents: [Glob]? = nil, requestURIs: [Glob]? = nil) {
        self.name = name
        self.networks = networks
        self.userAgents = userAgents
        self.requestURIs = requestURIs
    }

    /// Whether a request is one of these.
    ///
    /// - Parameters:
    ///   - event: An event of the request. One without a user agent has the empty one.
    ///   - address: Where the request verifiably comes from; what is no address is in no network.
    func matches(_ event: AuditEvent, from address: SourceAddress) -> Bool {
        if let networks {
            guard case .address(let address) = address, networks.contains(where: { $0.contains(address) }) else {
                return false
            }
        }
        if let requestURIs, !requestURIs.contains(where: { $0.matches(event.requestURI) }) { return false }
        if let userAgents, !userAgents.contains(where: { $0.matches(event.userAgent ?? "") }) { return false }
        return true
    }
}

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
