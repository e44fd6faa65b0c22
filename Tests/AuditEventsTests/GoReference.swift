import AuditEvents
import Foundation
import TestSupport

/// Decodes lines with Go's encoding/json: the program in GoReference, compiled with the Go of the system.
enum GoReference {
    static let isInstalled = FileManager.default.isExecutableFile(atPath: program)
    private static let program = "/usr/bin/go"

    private struct Event: Decodable {
        var auditID, stage, requestURI, verb, username: String
        var groups, sourceIPs: [String]
        var userAgent: String?
        var responseCode: Int?
        var responseStatus, responseReason, responseMessage, resource, apiGroup, subresource: String?
        var requestReceivedTimestamp, stageTimestamp: String
    }

    /// The event in each line; `nil` where a line is not a JSON object.
    static func events(in lines: [[UInt8]]) throws -> [AuditEvent?] {
        try withTemporaryDirectory { directory in
            let source = Fixture.repository.appending(path: "Tests/AuditEventsTests/GoReference/main.go")
            let binary = directory.appending(path: "reference")
            let environment = [
                "HOME": directory.path, "PATH": "/usr/bin:/bin", "GOCACHE": directory.appending(path: "cache").path,
                "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GO111MODULE": "off",
            ]
            try run(program, ["build", "-o", binary.path, source.path], environment)
            let input = directory.appending(path: "lines")
            let output = directory.appending(path: "events")
            try Data(lines.joined(separator: [0x0A])).write(to: input)
            try Data().write(to: output)
            try run(binary.path, [], environment, from: input, to: output)
            let decoder = JSONDecoder()
            return try Data(contentsOf: output).split(separator: 0x0A).map { line in
                try decoder.decode(Event?.self, from: Data(line)).map { event in
                    var decoded = AuditEvent(
                        auditID: event.auditID, stage: event.stage, requestURI: event.requestURI, verb: event.verb,
                        username: event.username, groups: event.groups, sourceIPs: event.sourceIPs,
                        userAgent: event.userAgent, responseCode: event.responseCode,
                        responseStatus: event.responseStatus, responseReason: event.responseReason,
                        responseMessage: event.responseMessage,
                        resource: AuditEvent.resourceName(
                            event.resource, group: event.apiGroup, subresource: event.subresource),
                        requestReceivedTimestamp: event.requestReceivedTimestamp, stageTimestamp: event.stageTimestamp)
                    decoded.checkIdentity()
                    return decoded
                }
            }
        }
    }

    private struct Failure: Error {
        var command: [String]
        var status: Int32
    }

    private static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String], from input: URL? = nil,
        to output: URL? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = environment
        if let input { process.standardInput = try FileHandle(forReadingFrom: input) }
        if let output { process.standardOutput = try FileHandle(forWritingTo: output) }
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(command: [program] + arguments, status: process.terminationStatus)
        }
    }
}
