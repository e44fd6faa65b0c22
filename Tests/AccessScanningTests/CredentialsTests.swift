import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The credentials of a request that was not authenticated")
struct CredentialsTests {
    private func credentials(_ message: String?) -> Credentials {
        AuditEvent(responseCode: 401, responseReason: "Unauthorized", responseMessage: message).credentials
    }

    @Test("are known from the message of the API server")
    func messages() {
        #expect(credentials("Authentication failed, no credentials provided") == Credentials.none)
        for methods in ["bearer", "basic", "x509", "access_token", "basic, bearer, access_token, x509"] {
            #expect(credentials("Authentication failed, attempted: \(methods)") == .presented)
        }
    }

    @Test(
        "are unknown from any other message",
        arguments: [
            "Unauthorized", "", "Authentication failed", "authentication failed, no credentials provided",
            "Authentication failed, no credentials provided.", "x Authentication failed, attempted: bearer",
            "Authentication failed, attempted:",
        ])
    func otherMessages(message: String) {
        #expect(credentials(message) == .unknown)
        #expect(credentials(nil) == .unknown)
    }

    @Test("are unknown in the real log: Kubernetes 1.20 writes no message")
    func realLog() throws {
        var scanner = EventScanner(selecting: [.unauthorized])
        let bytes = try Fixture.bytes("audit-logs/hardened.log")
        let events = scanner.scan(lines: bytes.span.bytes).events
        #expect(events.count == 74)
        #expect(events.allSatisfy { $0.event.credentials == .unknown })
    }
}
