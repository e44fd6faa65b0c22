import Foundation

/// Resources of a process.
public struct ProcessUsage: Sendable {
    /// Resident memory in MiB.
    public var residentMiB = 0
    /// Open file descriptors.
    public var descriptors = 0

    init(processID: Int?) {
        guard let processID else { return }
        let status = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }?.split(
            whereSeparator: \.isWhitespace)
        residentMiB = (resident?.dropFirst().first.flatMap { Int($0) } ?? 0) >> 10
        descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count) ?? 0
    }

    mutating func raise(to other: ProcessUsage) {
        residentMiB = max(residentMiB, other.residentMiB)
        descriptors = max(descriptors, other.descriptors)
    }
}
