import Foundation
import FuzzTargets
import Testing
import TestSupport

@Suite("A violated property")
struct CorpusTests {
    static let corpus = Fixture.repository.appending(path: "Fuzzing/Corpus")

    @Test(
        "is found neither in the corpus nor in mutated copies of it", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let folder = Self.corpus.appending(path: target.rawValue)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(!names.isEmpty)
        var random = SeededGenerator(seed: 6)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            try expectAgreement(of: target, on: bytes, "\(name)")
            for round in 0..<8 where !bytes.isEmpty {
                var changed = bytes
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                try expectAgreement(of: target, on: changed, "\(name), round \(round)")
            }
        }
    }

    private func expectAgreement(of target: FuzzTarget, on bytes: [UInt8], _ source: String) throws {
        do {
            try target.run(bytes)
        } catch let disagreement as Disagreement {
            Issue.record("\(source): \(disagreement); the input: \(Data(bytes).base64EncodedString())")
        }
    }
}
