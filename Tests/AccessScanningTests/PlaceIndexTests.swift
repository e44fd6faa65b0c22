import Testing
import TestSupport

@testable import AccessScanning

@Suite("The places of counters")
struct PlaceIndexTests {
    private struct Value: PlacedValue {
        let subject: Int
        var lastSeen = 0.0
        func hasTimes(after now: Double) -> Bool { false }
        mutating func limitTimes(to now: Double) {}
    }

    /// A subject of which many have the same hash.
    private struct Colliding: Hashable, Sendable {
        let number: Int
        func hash(into hasher: inout Hasher) { hasher.combine(number % 3) }
    }

    @Test("are found as in a dictionary, whatever is added and removed")
    func dictionary() {
        var random = SeededGenerator(seed: 4)
        var places = OrderedPlaces<Value>()
        var expected: [Int] = []
        for step in 0..<20_000 {
            let subject = Int.random(in: 0..<400, using: &random)
            // Grows in the first half, and shrinks in the second one.
            let grows = Int.random(in: 0..<10, using: &random) < (step < 10_000 ? 7 : 3)
            if let place = expected.firstIndex(of: subject) {
                #expect(places.place(of: subject) == place)
                guard !grows else { continue }
                #expect(places.remove(place) == subject)
                let last = expected.removeLast()
                if place < expected.count { expected[place] = last }
            } else {
                #expect(places.place(of: subject) == nil)
                guard grows else { continue }
                places.append(Value(subject: subject), to: .quiet)
                expected.append(subject)
            }
        }
        #expect(places.values.map(\.subject) == expected)
        #expect(places.index.count == expected.count)
    }

    @Test("are found among subjects with the same hash")
    func collisions() {
        var index = PlaceIndex<Colliding>()
        var subjects = (0..<40).map { Colliding(number: $0) }
        index.reserve(10) { subjects[$0] }
        for (place, subject) in subjects.enumerated() { index.insert(place, of: subject) { subjects[$0] } }
        // The last one gets the place of the first one, again and again.
        while let last = subjects.last {
            for (place, subject) in subjects.enumerated() {
                #expect(index.place(of: subject) { subjects[$0] } == place)
            }
            index.remove(0, of: subjects[0]) { subjects[$0] }
            #expect(index.place(of: subjects[0]) { subjects[$0] } == nil)
            subjects.removeLast()
            guard !subjects.isEmpty else { break }
            subjects[0] = last
            index.move(last, from: subjects.count, to: 0)
        }
        #expect(index.count == 0)
    }
}
