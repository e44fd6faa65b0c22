import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("The same requests")
struct LogAndWebhookTests {
    /// The events of a batch, as they would appear in a log.
    private static func lines(ofBatch body: [UInt8]) throws -> String {
        let list = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let items = try #require(list?["items"] as? [Any])
        return try items.map { item in
            // The keys have another order than in the batch, which must not matter.
            let line = try JSONSerialization.data(withJSONObject: item, options: [.sortedKeys])
            return String(decoding: line, as: UTF8.self) + "\n"
        }.joined()
    }

    private static func post(_ body: [UInt8]) -> [UInt8] {
        Array("POST /audit HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    @Test(
        "in the log and in the webhook count once, across restarts and in either order",
        .timeLimit(.minutes(1)))
    func bothAtOnce() async throws {
        let batches = try (1...4).map { try Fixture.bytes("audit-logs/webhook/batch-\($0).json") }
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            var shown: [String: Int] = [:]
            for (index, batch) in batches.enumerated() {
                let exporter = try await ExporterProgram.start(
                    in: directory, ["--webhook.listen-address", "127.0.0.1:0"])
                let webhook = try #require(exporter.webhook)
                let lines = { try await exporter.values("kube_audit_lines_total{input=\"file\"}").first ?? "" }
                let before = try await lines()
                if index % 2 == 0 { try log.append(try Self.lines(ofBatch: batch)) }
                // Twice, as after a lost response.
                for _ in 0..<2 {
                    let answer = try await RawConnection(to: webhook).answer(to: Self.post(batch))
                    #expect(answer.status == 200)
                    #expect(answer.text == "")
                }
                if index % 2 == 1 { try log.append(try Self.lines(ofBatch: batch)) }
                try await eventually("the log") {
                    try await lines()
                } is: {
                    $0 != before
                }
                shown = try await exporter.counts()
                await exporter.program.stop()
            }
            let verified = shown.filter { $0.key.hasSuffix("verified") }
            #expect(verified.values.reduce(0, +) == 132)
            #expect(verified["127.0.0.6 verified"] == 50)
            #expect(verified["127.0.0.7 verified"] == 12)
        }
    }
}
