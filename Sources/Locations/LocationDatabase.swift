public import AccessScanning
import CMaxMindDB
public import ConfigurationFiles
import Glibc

// Lookups only read, which libmaxminddb allows from any thread; nothing changes after init.

/// A MaxMind DB with cities, such as GeoLite2 City.
///
/// Source of the format: <https://maxmind.github.io/MaxMind-DB/>.
public final class LocationDatabase: @unchecked Sendable {
    private let database: UnsafeMutablePointer<MMDB_s>

    /// The metadata, and the names that its entries hold.
    public let description: Description

    /// The paths of the names that are shown.
    enum Path {
        static let country = ["country", "names", "en"]
        static let city = ["city", "names", "en"]
    }

    /// Opens a database. Its content is copied, so later changes of the file have no effect on it.
    ///
    /// - Parameter path: The file.
    /// - Throws: `ConfigurationFileError` with the file and the reason, also if it holds no names of countries or cities.
    public init(path: String) throws(ConfigurationFileError) {
        let copy = try PrivateFileCopy(of: path)
        let opened = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        opened.initialize(to: MMDB_s())
        let status = MMDB_open(copy.path, UInt32(MMDB_MODE_MMAP), opened)
        guard status == MMDB_SUCCESS else {
            opened.deallocate()
            throw ConfigurationFileError(
                file: path, reason: "not a usable MaxMind DB: \(String(cString: MMDB_strerror(status)))")
        }
        do throws(ConfigurationFileError) {
            description = try Self.describe(opened, file: path)
        } catch {
            MMDB_close(opened)
            opened.deallocate()
            throw error
        }
        database = opened
    }

    deinit {
        MMDB_close(database)
        database.deallocate()
    }

    /// The location of an address, by English names; unknown if the database has none.
    public func location(of address: IPAddress) -> Location {
        guard var entry = entry(of: address) else { return .unknown }
        return Location(
            country: Self.text(in: &entry, at: Path.country), city: Self.text(in: &entry, at: Path.city))
    }

    private func entry(of address: IPAddress) -> MMDB_entry_s? {
        // IPv4 has its own place in the tree, and not every database has an alias there for the mapped form.
        if address.isIPv4 {
            var socketAddress = sockaddr_in()
            socketAddress.sin_family = sa_family_t(AF_INET)
            withUnsafeMutableBytes(of: &socketAddress.sin_addr) { $0.copyBytes(from: address.bytes.suffix(4)) }
            return entry(at: socketAddress)
        }
        var socketAddress = sockaddr_in6()
        socketAddress.sin6_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &socketAddress.sin6_addr) { $0.copyBytes(from: address.bytes) }
        return entry(at: socketAddress)
    }

    private func entry<SocketAddress>(at socketAddress: SocketAddress) -> MMDB_entry_s? {
        var status: Int32 = 0
        let result = withUnsafeBytes(of: socketAddress) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                MMDB_lookup_sockaddr(database, $0.baseAddress, &status)
            }
        }
        return status == MMDB_SUCCESS && result.found_entry ? result.entry : nil
    }

    /// The string at `path` in an entry; empty if there is none.
    static func text(in entry: inout MMDB_entry_s, at path: [String]) -> String {
        let keys = path.map { strdup($0) }
        defer { for key in keys { free(key) } }
        var data = MMDB_entry_data_s()
        let status = (keys.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer {
            MMDB_aget_value(&entry, &data, $0.baseAddress)
        }
        return status == MMDB_SUCCESS && data.has_data ? text(of: data) ?? "" : ""
    }

    /// The text of a string; `nil` for other types.
    static func text(of data: MMDB_entry_data_s) -> String? {
        guard data.type == UInt32(MMDB_DATA_TYPE_UTF8_STRING) else { return nil }
        return String(
            decoding: UnsafeRawBufferPointer(start: data.utf8_string, count: Int(data.data_size)), as: UTF8.self)
    }
}

/// A copy of a file's content in memory that no other process can change, for a library that wants to open a file.
///
/// A file that is overwritten in place while it is mapped stops the process with a bus error at the next access; a
/// copy cannot.
struct PrivateFileCopy: ~Copyable {
    private let descriptor: Int32

    /// The path under which it can be opened while this value exists.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// - Throws: `ConfigurationFileError` if the file cannot be read or is not a regular file.
    init(of path: String) throws(ConfigurationFileError) {
        descriptor = try Self.memory(holding: path)
    }

    deinit {
        close(descriptor)
    }

    private static func memory(holding path: String) throws(ConfigurationFileError) -> Int32 {
        let descriptor = memfd_create("location-database", 1)  // 1: closed on exec
        guard descriptor >= 0 else { throw failure(path) }
        do throws(ConfigurationFileError) {
            try copy(path, to: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func copy(_ path: String, to descriptor: Int32) throws(ConfigurationFileError) {
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard source >= 0 else { throw failure(path) }
        defer { close(source) }
        var information = stat()
        guard fstat(source, &information) == 0 else { throw failure(path) }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationFileError(file: path, reason: "not a file")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let got = read(source, buffer.baseAddress, buffer.count)
            guard got >= 0 else { throw failure(path) }
            guard got > 0 else { return }
            var written = 0
            while written < got {
                let put = write(descriptor, buffer.baseAddress?.advanced(by: written), got - written)
                guard put > 0 else { throw failure(path) }
                written += put
            }
        }
    }

    private static func failure(_ path: String) -> ConfigurationFileError {
        ConfigurationFileError(file: path, systemError: errno)
    }
}
