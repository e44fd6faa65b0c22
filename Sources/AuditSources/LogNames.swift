import Glibc

/// The names of logs and of their rotated files.
enum LogNames {
    /// The path of a log by what it leads to: its directory without symlinks and dots, and its name.
    ///
    /// Of a directory that does not exist, as much is resolved as exists.
    static func canonical(_ path: String) -> String {
        let (directory, name) = split(path)
        if name == "." || name == ".." { return realPath(path) }
        if let resolved = realpath(directory, nil) {
            defer { free(resolved) }
            return joined(String(cString: resolved), name)
        }
        guard directory != ".", directory != "/" else { return path }
        return joined(canonical(directory), name)
    }

    /// The canonical paths of the logs that a file may be a rotated file of, by its name.
    static func logs(rotatedTo path: String) -> [String] {
        let (directory, name) = split(canonical(path))
        return originals(of: name).map { joined(directory, $0) }
    }

    static func joined(_ directory: String, _ name: String) -> String {
        directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    /// The path without symlinks. Of a path that does not exist, the last symlink is followed as far as it leads.
    static func realPath(_ path: String) -> String {
        var path = path
        for _ in 0..<linkLimit {
            if let resolved = realpath(path, nil) {
                defer { free(resolved) }
                return String(cString: resolved)
            }
            guard let destination = destination(of: path) else { return path }
            path = canonical(destination.hasPrefix("/") ? destination : joined(split(path).directory, destination))
        }
        return path
    }

    /// As many symlinks in a row as Linux follows.
    private static let linkLimit = 40

    /// What a symlink contains; `nil` if it is none.
    private static func destination(of path: String) -> String? {
        let capacity = Int(PATH_MAX)
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            count = max(0, readlink(path, base, capacity))
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.index(after: slash)...]))
    }

    // MARK: Rotated files

    /// A file's name without the suffix of a compression program.
    static func withoutCompressionSuffix(_ name: String) -> String {
        [".gz", ".zst"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }

    /// Whether a file's name is that of a rotated file of a log.
    static func isRotated(_ candidate: String, of name: String) -> Bool {
        originals(of: candidate).contains(name)
    }

    /// Whether a file is in a log's directory and has the name of a rotated file of it.
    static func isRotated(path candidate: String, of path: String) -> Bool {
        let (candidate, log) = (split(candidate), split(path))
        return candidate.directory == log.directory && isRotated(candidate.name, of: log.name)
    }

    /// The paths in their order, but logs before those with the name of a rotated file of one of them.
    static func logsFirst(_ paths: [String]) -> [String] {
        let files = paths.map(split)
        let names = Set(files.map(joined))
        let isRotated = files.map { file in
            originals(of: file.name).contains { names.contains(joined(file.directory, $0)) }
        }
        return [false, true].flatMap { wanted in zip(paths, isRotated).filter { $1 == wanted }.map(\.0) }
    }

    /// The names of the logs that a file may be a rotated file of.
    ///
    /// kube-apiserver inserts the time into the name (`audit-2026-11-23T23-14-34.953.log`). logrotate and other programs
    /// append or insert a number (`audit.log.1`, `audit.1.log`), a date (`audit.log-20261123`, `audit-2026-11-23.log`),
    /// or `old`. Several of them can follow each other, and `.gz` or `.zst` comes last.
    static func originals(of name: String) -> Set<String> {
        var found: Set<String> = []
        var names = [Array(withoutCompressionSuffix(name).utf8)]
        // Two programs rotating the same log give two marks; more than three are not known.
        for _ in 0..<3 {
            names = names.flatMap(unmarked)
            for name in names { found.insert(String(decoding: name, as: UTF8.self)) }
        }
        return found
    }

    /// The latest time at which a file can have been rotated, by a time in its name, in seconds since 1970; `nil` if the
    /// name has none.
    static func latestRotation(_ name: String) -> Double? {
        let bytes = Array(name.utf8)
        var latest: Double?
        for index in bytes.indices where isSeparator(bytes[index]) {
            guard let time = time(bytes[(index + 1)...]) else { continue }
            latest = max(time, latest ?? time)
        }
        return latest
    }

    /// The name with one mark of a rotation removed, at the end or before the extension; each possibility.
    private static func unmarked(_ name: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        let dot = name.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex
        for index in name.indices.dropFirst() where isSeparator(name[index]) {
            if isMark(name[(index + 1)...], after: name[index]) { result.append(Array(name[..<index])) }
            if index < dot, isMark(name[(index + 1)..<dot], after: name[index]) {
                result.append(Array(name[..<index] + name[dot...]))
            }
        }
        return result
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func isMark(_ text: ArraySlice<UInt8>, after separator: UInt8) -> Bool {
        if let date = dateLength(text) {
            return text.dropFirst(date).allSatisfy { isDigit($0) || "-_.:TZ".utf8.contains($0) }
        }
        guard separator == UInt8(ascii: ".") else { return false }
        return text.elementsEqual("old".utf8) || (1...5).contains(text.count) && text.allSatisfy(isDigit)
    }

    /// The length of a date at the beginning: `20261123` or `2026-11-23`.
    private static func dateLength(_ text: ArraySlice<UInt8>) -> Int? {
        if text.count >= 8, text.prefix(8).allSatisfy(isDigit) { return 8 }
        let isDate =
            text.count >= 10
            && text.prefix(10).enumerated().allSatisfy {
                $0.offset == 4 || $0.offset == 7 ? $0.element == UInt8(ascii: "-") : isDigit($0.element)
            }
        return isDate ? 10 : nil
    }

    /// The time that a text begins with. A time of day in the form of kube-apiserver is in UTC; a date may be of any
    /// time zone, so two days are added.
    private static func time(_ text: ArraySlice<UInt8>) -> Double? {
        guard let length = dateLength(text) else { return nil }
        let digits = text.prefix(length).filter(isDigit)
        guard let seconds = seconds(digits) else { return nil }
        let rest = text.dropFirst(length).prefix("T00-00-00".utf8.count)
        let form = zip("T00-00-00".utf8, rest).allSatisfy { $0 == UInt8(ascii: "0") ? isDigit($1) : $0 == $1 }
        guard length == 10, rest.count == 9, form else { return seconds + 2 * 86_400 }
        let time = rest.filter(isDigit).map { Double($0 - UInt8(ascii: "0")) }
        let hours = time[0] * 10 + time[1]
        return seconds + hours * 3600 + (time[2] * 10 + time[3]) * 60 + time[4] * 10 + time[5] + 1
    }

    /// The beginning of a day of eight digits; `nil` for one that no calendar has.
    private static func seconds(_ digits: [UInt8]) -> Double? {
        let number = { (range: Range<Int>) in digits[range].reduce(Int32(0)) { $0 * 10 + Int32($1 - 48) } }
        let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        return Double(timegm(&parts))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
