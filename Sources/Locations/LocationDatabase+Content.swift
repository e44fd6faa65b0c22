import CMaxMindDB
import ConfigurationFiles

extension LocationDatabase {
    /// The metadata of a database, and the names that its entries hold.
    public struct Description: Sendable, Hashable {
        /// The type, such as `GeoLite2-City`.
        public var type: String
        /// When it was built, in seconds since 1970.
        public var built: Double
        /// The languages of its names, as the metadata lists them.
        public var languages: [String]
        /// Whether English names of cities were found.
        public var hasCities: Bool
    }

    /// The most nodes of the search tree that are examined for names. A database of cities has names in its first
    /// entries; all entries of a small one are examined.
    private static let nodeLimit = 200_000

    /// Examines the entries of a database.
    ///
    /// - Parameter file: The path of the file, for the error.
    /// - Throws: `ConfigurationFileError` if no entry has an English name of a country or a city.
    static func describe(
        _ database: UnsafeMutablePointer<MMDB_s>, file: String
    ) throws(ConfigurationFileError) -> Description {
        let metadata = database.pointee.metadata
        var description = Description(
            type: metadata.database_type.map { String(cString: $0) } ?? "", built: Double(metadata.build_epoch),
            languages: (0..<metadata.languages.count).compactMap { index in
                metadata.languages.names?[index].map { String(cString: $0) }
            }, hasCities: false)
        var hasCountries = false
        var fields: Set<String> = []
        forEachEntry(of: database) { entry in
            var entry = entry
            if !hasCountries { hasCountries = !text(in: &entry, at: Path.country).isEmpty }
            description.hasCities = !text(in: &entry, at: Path.city).isEmpty
            if !hasCountries, fields.count < 20 { fields.formUnion(Self.fields(of: entry)) }
            return !description.hasCities
        }
        guard hasCountries || description.hasCities else {
            let found =
                fields.isEmpty ? "it has no entries" : "its entries have \(fields.sorted().joined(separator: ", "))"
            throw ConfigurationFileError(
                file: file,
                reason: "a database of type \"\(description.type)\" without the fields country.names.en and "
                    + "city.names.en; \(found); give a database of cities or countries in MaxMind's form, such as "
                    + "GeoLite2-City")
        }
        return description
    }

    /// Calls `body` with entries in the order of their networks, each once, until it returns `false` or the limit is
    /// reached.
    private static func forEachEntry(
        of database: UnsafeMutablePointer<MMDB_s>, _ body: (MMDB_entry_s) -> Bool
    ) {
        var seen: Set<UInt32> = []
        var waiting: [UInt32] = [0]
        var nodes = 0
        // A damaged tree may contain itself; the limit ends that.
        while let number = waiting.popLast(), nodes < nodeLimit {
            nodes += 1
            var node = MMDB_search_node_s()
            guard MMDB_read_node(database, number, &node) == MMDB_SUCCESS else { continue }
            for (type, record, entry) in [
                (node.right_record_type, node.right_record, node.right_record_entry),
                (node.left_record_type, node.left_record, node.left_record_entry),
            ] {
                switch Int32(type) {
                case Int32(MMDB_RECORD_TYPE_SEARCH_NODE): waiting.append(UInt32(truncatingIfNeeded: record))
                case Int32(MMDB_RECORD_TYPE_DATA) where seen.insert(entry.offset).inserted:
                    guard body(entry) else { return }
                default: break
                }
            }
        }
    }

    /// The keys of an entry that is a map.
    private static func fields(of entry: MMDB_entry_s) -> [String] {
        var entry = entry
        var list: UnsafeMutablePointer<MMDB_entry_data_list_s>?
        guard MMDB_get_entry_data_list(&entry, &list) == MMDB_SUCCESS, let first = list else { return [] }
        defer { MMDB_free_entry_data_list(list) }
        guard first.pointee.entry_data.type == UInt32(MMDB_DATA_TYPE_MAP) else { return [] }
        var fields: [String] = []
        var next = first.pointee.next
        for _ in 0..<first.pointee.entry_data.data_size {
            guard let key = next, let name = text(of: key.pointee.entry_data) else { break }
            fields.append(name)
            next = key.pointee.next.flatMap(after)
        }
        return fields
    }

    /// The element after a value and all that it holds.
    private static func after(
        _ value: UnsafeMutablePointer<MMDB_entry_data_list_s>
    ) -> UnsafeMutablePointer<MMDB_entry_data_list_s>? {
        var next: UnsafeMutablePointer<MMDB_entry_data_list_s>? = value
        // Values that have not been passed; those of a map count twice, since its keys are listed too.
        var rest = 1
        while rest > 0, let current = next {
            rest -= 1
            switch current.pointee.entry_data.type {
            case UInt32(MMDB_DATA_TYPE_MAP): rest += 2 * Int(current.pointee.entry_data.data_size)
            case UInt32(MMDB_DATA_TYPE_ARRAY): rest += Int(current.pointee.entry_data.data_size)
            default: break
            }
            next = current.pointee.next
        }
        return next
    }
}
