import Foundation
import HTTPServing

/// A TLS connection that stays open, made by `openssl s_client` with the client certificate of its directory.
///
/// Unchecked, because a test uses it from one thread at a time.
final class TLSConnection: @unchecked Sendable {
    private let process = Process()
    private let toServer = Pipe()
    private let fromServer = Pipe()

    init(to address: ListenAddress, in directory: URL) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_client", "-quiet", "-connect", "\(address)", "-CAfile", "ca.crt", "-cert", "client.crt",
            "-key", "client.key", "-verify_return_error",
        ]
        process.currentDirectoryURL = directory
        process.standardInput = toServer
        process.standardOutput = fromServer
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        process.terminate()
    }

    /// Sends a request, and awaits a response whose body ends with a line feed.
    func answer(toLine request: String) async throws -> String {
        try toServer.fileHandleForWriting.write(contentsOf: Data(request.utf8))
        return await withCheckedContinuation { continuation in
            DispatchQueue(label: "TLSConnection").async {
                var answer = Data()
                while answer.last != 0x0A || answer.suffix(2) == Data("\r\n".utf8) {
                    let piece = self.fromServer.fileHandleForReading.availableData
                    if piece.isEmpty { break }
                    answer += piece
                }
                continuation.resume(returning: String(decoding: answer, as: UTF8.self))
            }
        }
    }

    func close() {
        try? toServer.fileHandleForWriting.close()
    }
}
