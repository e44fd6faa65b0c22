import Foundation
import Glibc
import Synchronization

/// Receives mail on loopback: the part of SMTP (RFC 5321) that Alertmanager uses, one connection at a time.
public final class MailReceiver: Sendable {
    /// Its address.
    public let port: UInt16
    private let listener: Int32
    private let inbox = Inbox()

    /// Starts receiving.
    ///
    /// - Throws: `POSIXError` if it cannot listen.
    public init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw Self.error }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The pointers are used only within the calls, and point to an address of the given size.
        let listens = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard listens else {
            defer { close(listener) }
            throw Self.error
        }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        let inbox = inbox
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                inbox.receive(from: connection)
                close(connection)
            }
            close(listener)
        }
    }

    /// The mails that arrived, each with its headers, as sent.
    public var mails: [String] { inbox.mails.withLock { $0 } }

    /// Stops receiving.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static var error: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }

    private final class Inbox: Sendable {
        let mails = Mutex<[String]>([])

        func receive(from connection: Int32) {
            // A silent client must not block the others.
            var patience = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            answer("220 mail", on: connection)
            while let command = line(from: connection) {
                switch command.prefix(4).uppercased() {
                case "DATA":
                    answer("354 start mail input", on: connection)
                    var mail = ""
                    while let line = line(from: connection), line != "." {
                        mail += (line.hasPrefix("..") ? String(line.dropFirst()) : line) + "\n"
                    }
                    mails.withLock { $0.append(mail) }
                    answer("250 received", on: connection)
                case "QUIT":
                    return answer("221 bye", on: connection)
                default:
                    answer("250 well", on: connection)
                }
            }
        }

        private func answer(_ text: String, on connection: Int32) {
            let bytes = Array((text + "\r\n").utf8)
            _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        /// A line without its line break; `nil` at the end of the connection.
        private func line(from connection: Int32) -> String? {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) == 1 {
                if byte == UInt8(ascii: "\n") {
                    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                    return String(decoding: bytes, as: UTF8.self)
                }
                bytes.append(byte)
            }
            return nil
        }
    }
}
