/// An array in pages, which copies share until one of them changes a page.
///
/// A copy costs one reference, and the first change after it one page and the list of pages, however many elements
/// there are. So a snapshot of 100,000 counters is taken at every commit, and only the pages with changed counters are
/// copied.
///
/// ```swift
/// var counters = PagedArray((0..<100_000).map { $0 })
/// let snapshot = counters
/// counters[7] += 1
/// (snapshot[7], counters[7])  // (7, 8)
/// counters.sharesPage(1, with: snapshot)  // true
/// ```
public struct PagedArray<Element: Sendable>: Sendable {
    /// The elements; all pages but the last are full, and none is empty.
    public private(set) var pages: [[Element]] = []
    /// How many elements there are.
    public private(set) var count = 0

    // Of each page.
    private var versions: [PageVersion] = []

    /// Elements of a full page; a power of two.
    public let pageSize: Int
    private let shift: Int

    /// An empty array.
    ///
    /// - Parameter pageSize: A power of two. Small pages make the first change after a copy cheap, large ones keep the
    ///   list of pages short.
    public init(pageSize: Int = 128) {
        precondition(pageSize > 0 && pageSize & (pageSize - 1) == 0, "a page size must be a power of two")
        self.pageSize = pageSize
        shift = pageSize.trailingZeroBitCount
    }

    /// An array of these elements.
    public init(_ elements: some Sequence<Element>, pageSize: Int = 128) {
        self.init(pageSize: pageSize)
        for element in elements { append(element) }
    }

    /// Adds an element at the end.
    public mutating func append(_ element: Element) {
        if count & (pageSize - 1) == 0 {
            pages.append([])
            versions.append(PageVersion())
            // The first page grows as it is needed, since many arrays stay small.
            if count > 0 { pages[pages.count - 1].reserveCapacity(pageSize) }
        }
        noteChange(of: pages.count - 1)
        pages[pages.count - 1].append(element)
        count += 1
    }

    /// Removes the last element; there must be one.
    @discardableResult
    public mutating func removeLast() -> Element {
        noteChange(of: pages.count - 1)
        let element = pages[pages.count - 1].removeLast()
        if pages[pages.count - 1].isEmpty {
            pages.removeLast()
            versions.removeLast()
        }
        count -= 1
        return element
    }

    /// The version of a page, which must exist. While the version is referenced, a page with it has the same elements.
    public func version(ofPage number: Int) -> PageVersion { versions[number] }

    /// Whether a page has the same version as that of another array, so that its elements are equal without a comparison.
    ///
    /// - Returns: False where one of them has no such page.
    public func sharesPage(_ number: Int, with other: PagedArray) -> Bool {
        number < pages.count && number < other.pages.count && versions[number] === other.versions[number]
    }

    /// Gives a page a new version if the present one is referenced elsewhere.
    @inline(__always)
    private mutating func noteChange(of page: Int) {
        if !isKnownUniquelyReferenced(&versions[page]) { versions[page] = PageVersion() }
    }
}

/// Identifies the elements of a page without keeping them in memory. A reference to it shows later whether the page has
/// changed.
public final class PageVersion: Sendable {
    fileprivate init() {}
}

extension PagedArray: RandomAccessCollection, MutableCollection {
    /// Zero.
    public var startIndex: Int { 0 }
    /// The number of elements.
    public var endIndex: Int { count }

    /// The element at an index, which must exist.
    public subscript(index: Int) -> Element {
        // Both without a copy of the element, which may be large, where only a part of it is read or changed.
        @inline(__always) get { pages[index >> shift][index & (pageSize - 1)] }
        @inline(__always) _modify {
            noteChange(of: index >> shift)
            yield &pages[index >> shift][index & (pageSize - 1)]
        }
    }

    /// Visits page after page, without an index for each element.
    public func makeIterator() -> FlattenSequence<[[Element]]>.Iterator { pages.joined().makeIterator() }
}

extension PagedArray: ExpressibleByArrayLiteral {
    /// An array of these elements.
    public init(arrayLiteral elements: Element...) { self.init(elements) }
}

extension PagedArray: Equatable where Element: Equatable {
    /// Whether the elements are equal; those of shared pages are not compared.
    public static func == (one: PagedArray, other: PagedArray) -> Bool {
        guard one.count == other.count else { return false }
        guard one.pageSize == other.pageSize else { return one.elementsEqual(other) }
        return one.pages.indices.allSatisfy { one.sharesPage($0, with: other) || one.pages[$0] == other.pages[$0] }
    }
}

extension PagedArray: Hashable where Element: Hashable {
    /// Hashes the elements.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for element in self { hasher.combine(element) }
    }
}

/// Several paged arrays, one after the other.
///
/// An element keeps its index within its part while those before it in the collection come and go.
public struct JoinedPages<Element: Sendable>: Sendable {
    /// The arrays, in their order.
    public var parts: [PagedArray<Element>]

    /// Joins arrays.
    public init(_ parts: [PagedArray<Element>]) {
        self.parts = parts
    }
}

extension JoinedPages: RandomAccessCollection {
    /// Zero.
    public var startIndex: Int { 0 }
    /// The number of elements.
    public var endIndex: Int { parts.reduce(0) { $0 + $1.count } }

    /// The element at an index, which must exist.
    public subscript(index: Int) -> Element {
        var index = index
        for part in parts {
            if index < part.count { return part[index] }
            index -= part.count
        }
        preconditionFailure("an index past the end")
    }

    /// Visits page after page, without an index for each element.
    public func makeIterator() -> FlattenSequence<[[Element]]>.Iterator {
        parts.flatMap(\.pages).joined().makeIterator()
    }
}

extension JoinedPages: ExpressibleByArrayLiteral {
    /// An array of these elements.
    public init(arrayLiteral elements: Element...) { self.init([PagedArray(elements)]) }
}

extension JoinedPages: Equatable where Element: Equatable {
    /// Whether the elements are the same, in whatever parts they lie.
    public static func == (one: JoinedPages, other: JoinedPages) -> Bool {
        one.parts == other.parts || one.elementsEqual(other)
    }
}

extension JoinedPages: Hashable where Element: Hashable {
    /// Hashes the elements.
    public func hash(into hasher: inout Hasher) {
        for element in self { hasher.combine(element) }
    }
}
