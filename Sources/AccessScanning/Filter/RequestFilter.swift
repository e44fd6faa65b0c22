public import AuditEvents

/// Requests that are known to be harmless and are not reported, as the analytic's macro
/// `kubernetes_access_scanning_filter` says. They are counted under the name of the entry instead of for their sources.
public struct RequestFilter: Sendable, Hashable {
    /// The entries in the order in which they are tried; no two have the same name.
    public let entries: [FilterEntry]

    /// A filter; without entries it matches nothing.
    public init(entries: [FilterEntry] = []) {
        self.entries = entries
    }

    /// The first entry that a request matches; `nil` if it is reported.
    ///
    /// Only the network of the verified source matters: by a claimed one a client could hide any request.
    ///
    /// - Parameters:
    ///   - event: An event of the request.
    ///   - source: Its verified source.
    public func entry(matching event: AuditEvent, from source: Source) -> FilterEntry? {
        guard source.origin == .verified else { return nil }
        return entries.first { $0.matches(event, from: source.address) }
    }
}

/// An entry of a filter. A request matches an entry if it matches each condition that is given, and it matches a
/// condition if it matches any of its values.
public struct FilterEntry: Sendable, Hashable {
    /// The name under which the requests are counted.
    public let name: String
    /// Networks of the verified source; `nil` for any.
    public let networks: [Network]?
    /// User agents; `nil` for any.
    public let userAgents: [Glob]?
    /// Request URIs, path and query; `nil` for any.
    public let requestURIs: [Glob]?
    /// Kubernetes verbs; `nil` for any.
    public let verbs: [String]?
    /// Outcomes; `nil` for any.
    public let outcomes: [Outcome]?

    /// An entry; a condition that is left out matches everything.
    public init(
        name: String, networks: [Network]? = nil, userAgents: [Glob]? = nil, requestURIs: [Glob]? = nil,
        verbs: [String]? = nil, outcomes: [Outcome]? = nil
    ) {
        self.name = name
        self.networks = networks
        self.userAgents = userAgents
        self.requestURIs = requestURIs
        self.verbs = verbs
        self.outcomes = outcomes
    }

    /// Whether a request matches.
    ///
    /// - Parameters:
    ///   - event: An event of the request. A missing user agent is an empty one.
    ///   - address: The verified source of the request; `invalid` is in no network.
    func matches(_ event: AuditEvent, from address: SourceAddress) -> Bool {
        if let networks {
            guard case .address(let address) = address, networks.contains(where: { $0.contains(address) }) else {
                return false
            }
        }
        if let verbs, !verbs.contains(event.verb) { return false }
        if let outcomes {
            guard let outcome = Outcome(responseCode: event.responseCode), outcomes.contains(outcome) else {
                return false
            }
        }
        if let requestURIs, !requestURIs.contains(where: { $0.matches(event.requestURI) }) { return false }
        if let userAgents, !userAgents.contains(where: { $0.matches(event.userAgent ?? "") }) { return false }
        return true
    }
}

/// A pattern with wildcards: `*` matches any characters or none, `?` any single one; `\*`, `\?` and `\\` match
/// themselves.
///
/// It is compared with the whole text by Unicode scalars, case sensitive. Matching takes at most as many steps as the
/// product of the lengths of pattern and text: the text comes from a client, which must not be able to make it slow.
public struct Glob: Sendable, Hashable {
    private enum Element: Sendable, Hashable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyCharacters
    }

    private let elements: [Element]

    /// - Parameter pattern: The pattern; the result is `nil` if it ends in a single `\`.
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

    /// Whether it matches the whole text.
    public func matches(_ text: String) -> Bool {
        var steps = 0
        return matches(text, steps: &steps)
    }

    /// - Parameter steps: Increases by one for each character that is compared with an element.
    func matches(_ text: String, steps: inout Int) -> Bool {
        let characters = text.unicodeScalars
        var position = characters.startIndex
        var next = 0
        // Where to continue if the elements after the last `*` do not match: that `*` then covers one more character.
        // The earlier ones never need to cover more, since anything that could follow then can follow now too. This
        // avoids trying all combinations.
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
