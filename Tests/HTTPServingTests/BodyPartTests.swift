import Synchronization
import Testing

@testable import HTTPServing

@Suite("A part of a body that is made when it is needed")
struct BodyPartTests {
    private static let text = Array(String(repeating: "a line of the part\n", count: 200).utf8)

    private final class Counted: Sendable {
        private let times = Mutex(0)
        var count: Int { times.withLock { $0 } }
        func add() { times.withLock { $0 += 1 } }
    }

    private static func parts() -> (parts: [BodyPart], made: Counted) {
        let made = Counted()
        let large = BodyPart {
            made.add()
            return text
        }
        return ([BodyPart(Array("head\n".utf8)), large], made)
    }

    /// Compresses a response for one client.
    ///
    /// - Returns: The size.
    private static func compress(_ response: HTTPResponse) -> Int { response.content.bytes(compressed: true).memory }

    @Test("is made once for all compressed responses")
    func compressed() {
        let (parts, made) = Self.parts()
        let sizes = (0..<10).map { _ in Self.compress(HTTPResponse(parts: parts)) }
        #expect(Set(sizes).count == 1)
        #expect(sizes[0] < Self.text.count / 4)
        #expect(made.count == 1)
    }

    @Test("is made once for all plain responses, and again after none was asked for between some compressed ones")
    func plain() {
        let (parts, made) = Self.parts()
        let whole = Array("head\n".utf8) + Self.text
        for _ in 0..<10 { #expect(HTTPResponse(parts: parts).body == whole) }
        #expect(made.count == 1)
        for _ in 0..<3 {
            _ = Self.compress(HTTPResponse(parts: parts))
            #expect(HTTPResponse(parts: parts).body == whole)
        }
        #expect(made.count == 1, "clients of both kinds share it")
        for _ in 0..<5 { _ = Self.compress(HTTPResponse(parts: parts)) }
        #expect(made.count == 1)
        #expect(HTTPResponse(parts: parts).body == whole)
        #expect(made.count == 2)
    }

    @Test("is not made again for a part with the same bytes, and does not keep the other part")
    func sameBytes() {
        var (parts, made): ([BodyPart], Counted) = Self.parts()
        let first = Self.compress(HTTPResponse(parts: parts))
        let remade = Counted()
        weak var other: BodyPart?
        other = parts[1]
        parts[1] = BodyPart(sameAs: other) {
            remade.add()
            return Self.text
        }
        #expect(other == nil)
        #expect(Self.compress(HTTPResponse(parts: parts)) == first)
        #expect(made.count == 1 && remade.count == 0)
        #expect(HTTPResponse(parts: parts).body == Array("head\n".utf8) + Self.text)
        #expect(made.count == 1 && remade.count == 1, "the plain bytes are made by the new part")
    }
}
