import AccessScanning
import Testing
import TestSupport

@Suite("A paged array")
struct PagedArrayTests {
    /// A text, because a page of texts shows whether references are kept.
    private static func text(_ number: Int) -> String { "element number \(number) of the array" }

    @Test(
        "holds the same elements as a plain array, and so does every copy of it, whatever is changed later",
        arguments: [1, 2, 8, 64], 0..<4)
    func likeAnArray(pageSize: Int, seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed * 100 + pageSize))
        var paged = PagedArray<String>(pageSize: pageSize)
        var plain: [String] = []
        var copies: [(paged: PagedArray<String>, plain: [String])] = []
        var seen: [(version: PageVersion, page: [String])] = []
        for step in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                paged.append(Self.text(step))
                plain.append(Self.text(step))
            case 4...5 where !plain.isEmpty:
                #expect(paged.removeLast() == plain.removeLast())
            case 6...8 where !plain.isEmpty:
                let index = plain.indices.randomElement(using: &random) ?? 0
                paged[index] += "!"
                plain[index] += "!"
            default:
                if copies.count == 8 { copies.remove(at: Int.random(in: 0..<8, using: &random)) }
                copies.append((paged, plain))
            }
            if step % 50 == 0 {
                for (paged, plain) in copies + [(paged, plain)] {
                    #expect(Array(paged) == plain && paged.count == plain.count)
                    #expect(paged.indices.map { paged[$0] } == plain)
                    #expect(paged.pages.dropLast().allSatisfy { $0.count == pageSize })
                    #expect(paged.pages.flatMap(\.self) == plain && paged.pages.last?.isEmpty != true)
                    #expect(paged == PagedArray(plain, pageSize: pageSize) && paged == PagedArray(plain))
                }
                for number in paged.pages.indices {
                    let (version, page) = (paged.version(ofPage: number), paged.pages[number])
                    #expect(seen.allSatisfy { $0.version !== version || $0.page == page })
                    seen.append((version, page))
                }
                seen.removeFirst(max(0, seen.count - 200))
                for (one, other) in zip(copies, copies.dropFirst()) {
                    #expect((one.paged == other.paged) == (one.plain == other.plain))
                }
            }
        }
    }

    @Test("shares unchanged pages with a copy")
    func sharing() {
        var array = PagedArray(0..<1000, pageSize: 64)
        let copy = array
        array[70] = -1
        array.append(1000)
        let shared = (0...16).map { array.sharesPage($0, with: copy) }
        #expect(shared == (0..<15).map { $0 != 1 } + [false, false])
        #expect(copy[70] == 70 && copy.count == 1000)
        #expect(!array.sharesPage(0, with: PagedArray(0..<1000, pageSize: 64)), "equal is not the same")
        #expect(!array.sharesPage(0, with: []))
    }

    @Test("can be joined with others, in order")
    func joined() {
        let parts = [0..<0, 0..<130, 130..<131, 131..<131, 131..<500].map { PagedArray($0, pageSize: 64) }
        let joined = JoinedPages(parts)
        #expect(Array(joined) == Array(0..<500))
        #expect(joined.indices.map { joined[$0] } == Array(0..<500))
        #expect(joined == JoinedPages([PagedArray(0..<500)]))
        #expect(joined != JoinedPages([PagedArray(1..<500)]))
        #expect(JoinedPages<Int>([]) == [] && JoinedPages([[], []]) == [] as JoinedPages<Int>)
    }
}
