import Foundation
import Glibc

/// A log of a schedule: its path, its writer, and the names of its files.
final class ScheduledLog {
    let number: Int
    /// The path by which it is known; a symlink if it has targets.
    let path: String
    let hasTargets: Bool
    private let appends: Bool
    private(set) var descriptor: Int32 = -1
    private var targets = 0

    init(_ number: Int, path: String, hasTargets: Bool, appends: Bool) {
        self.number = number
        self.path = path
        self.hasTargets = hasTargets
        self.appends = appends
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The path of the file itself.
    var file: String {
        guard hasTargets, let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
            return path
        }
        return "\(Self.split(path).directory)/\(target)"
    }

    var directory: String { Self.split(file).directory }

    /// The file that the writer has open.
    var openFile: LogTree.FileID? { LogTree.FileID(descriptor: descriptor) }

    /// Whether the writer's file is the one at the path.
    var isCurrent: Bool { openFile != nil && openFile == LogTree.FileID(path: file) }

    /// Whether the writer's file has no name any more.
    var isNameless: Bool {
        var information = stat()
        return fstat(descriptor, &information) != 0 || information.st_nlink == 0
    }

    /// Opens the path. A new file is created, without O_APPEND if the writer is like kube-apiserver.
    func reopen() throws {
        if descriptor >= 0 { close(descriptor) }
        if hasTargets, access(path, F_OK) != 0 { try switchTarget() }
        let isNew = access(file, F_OK) != 0
        let flags = O_WRONLY | O_CLOEXEC | (isNew ? O_CREAT | (appends ? O_APPEND : 0) : O_APPEND)
        descriptor = open(file, flags, 0o644)
        guard descriptor >= 0 else { throw failure("open") }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw failure("write") }
    }

    /// Gives the symlink a new, empty target.
    ///
    /// - Returns: The name of the target.
    @discardableResult
    func switchTarget() throws -> String {
        targets += 1
        let (directory, name) = Self.split(path)
        let target = "\(name.prefix { $0 != "." })-target\(targets).log"
        guard FileManager.default.createFile(atPath: "\(directory)/\(target)", contents: nil),
            symlink(target, path + "~") == 0, Glibc.rename(path + "~", path) == 0
        else { throw failure("symlink") }
        return target
    }

    /// Rotated files, copies and former targets: other files in its directory with a name of it, sorted.
    func others() throws -> [String] {
        let (directory, current) = Self.split(file)
        let stem = Self.split(path).name.prefix { $0 != "." }
        return try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.contains(stem) && $0 != current && $0 != Self.split(path).name }.sorted()
            .map { "\(directory)/\($0)" }
    }

    /// Whether a file has a name that a rotation program gives: a number, a date or a time is added.
    func isRotated(_ path: String) -> Bool {
        let (directory, candidate) = Self.split(path)
        let (own, name) = Self.split(file)
        guard directory == own else { return false }
        let plain =
            Schedule.Format.allCases.first { candidate.hasSuffix(".\($0.rawValue)") }
            .map { candidate.dropLast($0.rawValue.count + 1) } ?? candidate[...]
        let stem = name.dropLast(4)
        for (prefix, suffix) in [(name + ".", ""), (name + "-", ""), (stem + "-", ".log")] {
            guard plain.hasPrefix(prefix), plain.hasSuffix(suffix), plain.count > prefix.count + suffix.count else {
                continue
            }
            let added = plain.dropFirst(prefix.count).dropLast(suffix.count)
            if added.allSatisfy({ "0123456789-.T".contains($0) }) { return true }
        }
        return false
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        let url = URL(filePath: path)
        return (url.deletingLastPathComponent().path, url.lastPathComponent)
    }

    private func failure(_ what: String) -> TortureFailure {
        TortureFailure("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
