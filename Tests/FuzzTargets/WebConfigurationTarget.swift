import ConfigurationFiles
import HTTPServing

/// A file is read or rejected with a message, in either case without a crash.
enum WebConfigurationTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let file = "/nonexistent/web.yml"
        do {
            // No file that it could name exists, except by an absolute path.
            _ = try WebConfiguration(content: bytes, file: file)
        } catch {
            try Disagreement.unless(
                error.file == file && !error.reason.isEmpty && error.line.map { $0 >= 0 } ?? true,
                "an error that says too little: \(error)")
        }
    }
}
