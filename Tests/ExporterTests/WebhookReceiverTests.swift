import AuditEvents
import AuditSources
import Foundation
import HTTPServing
import RawHTTP
import Synchronization
import Testing
import TestSupport

@testable import Exporter

@Suite("The webhook receiver")
struct WebhookReceiverTests {
    private static let emptyList = Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}"#.utf8)
    private static let noList = Array(#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#.utf8)

    private func real(_ name: String) throws -> [UInt8] {
        try Fixture.bytes("audit-logs/webhook/\(name).json")
    }

    @Test("delivers the events of a real body, and responds with an empty 200", arguments: ["/", "/audit"])
    func takes(path: String) async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let body = try real("batch-1")
        let response = try await RawConnection(to: service.address).answer(to: webhookPost(body, to: path))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        let batch = try #require(sink.taken.first)
        #expect(sink.taken.count == 1)
        #expect(batch.input == .webhook)
        #expect(batch.path == "webhook")
        #expect(batch.bytes == body.count)
        #expect(batch.scanned.lines == 400)
        #expect(!batch.scanned.events.isEmpty)
        #expect(batch.positions == [])
        #expect(service.answers == [#"{code="200"} 1"#])
    }

    @Test("responds when the batch is committed, not earlier")
    func waits() async throws {
        let sink = RecordingSink(isOpen: false)
        let service = try await RunningWebhook(sink.deliver)
        let connection = try RawConnection(to: service.address)
        async let response = connection.answer(to: webhookPost(Self.emptyList))
        try await eventually("the batch") { sink.taken.count == 1 }
        #expect(
            service.allAnswers == ["200", "400", "411", "413", "415"].map { #"{code="\#($0)"} 0"# },
            "an increase must have a zero to begin with")
        #expect(service.answers == [#"{code="200"} 0"#])
        sink.open()
        #expect(try await response.status == 200)
        #expect(service.answers == [#"{code="200"} 1"#])
    }

    @Test("asks the client to retry later if a batch cannot be committed")
    func unavailable() async throws {
        let service = try await RunningWebhook(RecordingSink(.unavailable(reason: "the disk is full")).deliver)
        let response = try await RawConnection(to: service.address).answer(to: webhookPost(Self.emptyList))
        #expect(response.status == 503)
        #expect(response.headers["retry-after"] == "10")
        #expect(response.text == "503 the disk is full\n")
        #expect(service.answers == [#"{code="200"} 0"#, #"{code="503"} 1"#])
    }

    @Test("rejects a body that is not an EventList with a reason, counts nothing of it, and keeps the connection")
    func malformed() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let connection = try RawConnection(to: service.address)
        let cutOff = Array(try real("batch-1").dropLast(100))
        for (body, reason) in [
            ([], nil), (Self.noList, "kind is not EventList"), (Array("{".utf8), nil), (cutOff, nil),
        ] as [([UInt8], String?)] {
            let response = try await connection.answer(to: webhookPost(body))
            #expect(response.status == 400)
            #expect(response.text.hasPrefix("400 not an EventList: \(reason ?? "")"), "\(response)")
            #expect(response.text.utf8.count > "400 not an EventList: \n".utf8.count)
        }
        #expect(sink.taken.isEmpty)
        #expect(try await connection.answer(to: webhookPost(Self.emptyList)).status == 200)
        #expect(service.answers == [#"{code="200"} 1"#, #"{code="400"} 4"#])
    }

    @Test("rejects other paths and methods")
    func routes() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let connection = try RawConnection(to: service.address)
        #expect(try await connection.answer(to: webhookPost(Self.emptyList, to: "/metrics")).status == 404)
        let wrong = try await connection.answer(to: "GET /audit HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(wrong.status == 405)
        #expect(wrong.headers["allow"] == "POST")
        #expect(sink.taken.isEmpty)
        #expect(service.answers == [#"{code="200"} 0"#, #"{code="404"} 1"#, #"{code="405"} 1"#])
    }

    @Test("rejects a body without a length, and closes its connection")
    func noLength() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let connection = try RawConnection(to: service.address)
        let response = try await connection.answer(
            to: "POST /audit HTTP/1.1\r\nHost: t\r\n\r\nPOST /audit HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
        #expect(response.status == 411)
        #expect(response.headers["connection"] == "close")
        #expect(try connection.bytesToEnd().isEmpty)
        #expect(sink.taken.isEmpty)
    }

    @Test("rejects a compressed body, and accepts one with the coding identity", arguments: ["gzip", "identity"])
    func coding(coding: String) async throws {
        let service = try await RunningWebhook(RecordingSink().deliver)
        let response = try await RawConnection(to: service.address).answer(
            to: webhookPost(Self.emptyList, headers: "Content-Encoding: \(coding)\r\n"))
        #expect(response.status == (coding == "gzip" ? 415 : 200))
        #expect(response.headers["accept-encoding"] == (coding == "gzip" ? "identity" : nil))
    }

    @Test("rejects a body over the limit")
    func tooLong() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver, maxBodySize: "100KiB")
        let connection = try RawConnection(to: service.address)
        #expect(try await connection.answer(to: webhookPost(try real("batch-1"))).status == 413)
        #expect(sink.taken.isEmpty)
        #expect(try await connection.answer(to: webhookPost(Self.emptyList)).status == 200)
        #expect(service.answers == [#"{code="200"} 1"#, #"{code="413"} 1"#])
    }

    @Test("logs the reason for each refused body, whatever the code")
    func logsReasons() async throws {
        let service = try await RunningWebhook(RecordingSink().deliver, maxBodySize: "100KiB")
        let noLength = Array("POST /audit HTTP/1.1\r\nHost: t\r\n\r\n".utf8)
        for (request, status, reason) in [
            (webhookPost(Self.noList), 400, "kind is not EventList"),
            (noLength, 411, "the length of the body is not given"),
            (webhookPost(try real("batch-1")), 413, "the body is longer than --webhook.max-body-size"),
            (webhookPost(Self.emptyList, headers: "Content-Encoding: gzip\r\n"), 415, "the body is compressed"),
            (webhookPost(Self.emptyList), 200, nil),
        ] as [([UInt8], Int, String?)] {
            let before = service.log.lines(containing: "Webhook body refused").count
            #expect(try await RawConnection(to: service.address).answer(to: request).status == status)
            let lines = service.log.lines(containing: "Webhook body refused").dropFirst(before)
            #expect(lines.count == (reason == nil ? 0 : 1))
            if let reason { #expect(lines.last?.contains(reason) == true, "\(lines)") }
        }
    }

    @Test("accepts bodies in chunks, and from clients that expect 100")
    func framing() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let connection = try RawConnection(to: service.address)
        let body = try real("batch-2")
        var request = Array("POST /audit HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        for start in stride(from: 0, to: body.count, by: 10_000) {
            let piece = body[start..<min(start + 10_000, body.count)]
            request += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        #expect(try await connection.answer(to: request + Array("0\r\n\r\n".utf8)).status == 200)
        let asking = webhookPost(body, headers: "Expect: 100-continue\r\n")
        #expect(try await connection.answer(to: Array(asking.dropLast(body.count))).status == 100)
        #expect(try await connection.answer(to: body).status == 200)
        #expect(sink.taken.count == 2)
        #expect(sink.taken.first?.scanned == sink.taken.last?.scanned)
    }

    @Test("counts nothing of a body whose client disconnects in the middle of it")
    func leaves() async throws {
        let sink = RecordingSink()
        let service = try await RunningWebhook(sink.deliver)
        let request = webhookPost(try real("batch-1"))
        for length in [request.count / 2, request.count - 1] {
            try RawConnection(to: service.address).send(Array(request.prefix(length)))
        }
        #expect(try await RawConnection(to: service.address).answer(to: webhookPost(Self.emptyList)).status == 200)
        #expect(sink.taken.map(\.scanned.lines) == [0])
        #expect(service.answers == [#"{code="200"} 1"#])
    }

    @Test("delivers the hundred-thousandth batch like the first one", .timeLimit(.minutes(1)))
    func manyBatches() async {
        let handler = WebhookHandler()
        let delivered = Mutex(0)
        handler.use { _ in
            delivered.withLock { $0 += 1 }
            return .committed
        }
        // If each batch left a call behind that all later ones go through, this would take hours.
        for _ in 0..<100_000 {
            _ = await handler.take(InputBatch(input: .webhook, path: "webhook", scanned: ScannedEvents(), bytes: 0))
            _ = handler.isInUse
        }
        #expect(delivered.withLock { $0 } == 100_000)
    }
}
