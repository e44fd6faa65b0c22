/// A reader of sample lines, written from the format's specification and not from the writer's code.
enum SampleLineReader {
    struct Unreadable: Error {
        let line: String
    }

    /// The labels of each sample line.
    static func labels(in text: String) throws -> [[String: String]] {
        // By scalars: "\r\n" is one Character in Swift, and only the line feed ends a line.
        try text.unicodeScalars.split(separator: "\n").filter { $0.first != "#" }.map { line in
            var rest = line.drop { $0 != "{" }.dropFirst()
            var labels: [String: String] = [:]
            while let first = rest.first, first != "}" {
                if first == "," { rest.removeFirst() }
                let name = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(name.count + 1)
                guard rest.popFirst() == "\"" else { throw Unreadable(line: String(line)) }
                var value = String.UnicodeScalarView()
                while let scalar = rest.popFirst(), scalar != "\"" {
                    guard scalar == "\\" else {
                        value.append(scalar)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: throw Unreadable(line: String(line))
                    }
                }
                labels[String(name)] = String(value)
            }
            guard rest.elementsEqual("} 1".unicodeScalars) else { throw Unreadable(line: String(line)) }
            return labels
        }
    }
}
