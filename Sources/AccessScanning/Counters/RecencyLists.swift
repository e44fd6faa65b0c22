/// Two lists of places, each in the order of their last use. All operations take constant time.
struct RecencyLists: Sendable {
    enum List: Int {
        /// Those that may be displaced.
        case quiet
        /// Those of sources that scan.
        case loud
    }

    private struct Link {
        var list: List
        var previous: Int32
        var next: Int32
    }

    private static let none: Int32 = -1

    // By place.
    private var links: [Link] = []
    // By list.
    private var heads = [none, none]
    private var tails = [none, none]

    /// The least recently used place.
    func first(of list: List) -> Int? {
        let head = heads[list.rawValue]
        return head == Self.none ? nil : Int(head)
    }

    /// The list that a place is in.
    func list(of place: Int) -> List { links[place].list }

    /// Adds the next place, as the most recently used one.
    mutating func append(to list: List) {
        links.append(Link(list: list, previous: Self.none, next: Self.none))
        attach(links.count - 1, to: list)
    }

    /// Makes a place the most recently used one of a list.
    mutating func touch(_ place: Int, list: List) {
        detach(place)
        attach(place, to: list)
    }

    /// Removes a place; the last place gets its number.
    mutating func remove(_ place: Int) {
        detach(place)
        let last = links.count - 1
        if place != last {
            let link = links[last]
            links[place] = link
            relink(link, to: Int32(place))
        }
        links.removeLast()
    }

    private mutating func attach(_ place: Int, to list: List) {
        let tail = tails[list.rawValue]
        let link = Link(list: list, previous: tail, next: Self.none)
        links[place] = link
        relink(link, to: Int32(place))
    }

    private mutating func detach(_ place: Int) {
        let link = links[place]
        if link.previous == Self.none {
            heads[link.list.rawValue] = link.next
        } else {
            links[Int(link.previous)].next = link.next
        }
        if link.next == Self.none {
            tails[link.list.rawValue] = link.previous
        } else {
            links[Int(link.next)].previous = link.previous
        }
    }

    /// Makes the neighbours of a link point to a place.
    private mutating func relink(_ link: Link, to place: Int32) {
        if link.previous == Self.none {
            heads[link.list.rawValue] = place
        } else {
            links[Int(link.previous)].next = place
        }
        if link.next == Self.none {
            tails[link.list.rawValue] = place
        } else {
            links[Int(link.next)].previous = place
        }
    }
}
