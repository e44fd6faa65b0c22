import AuditEvents

/// What follows from the template of events.
struct KnownTemplate: Sendable {
    /// The number of the template; zero for none.
    var number: UInt64 = 0
    /// The hash of what is asked for.
    var content: UInt64 = 0
    /// The index of the stage in `StageCounts`.
    var lane = 0
    /// The credentials, where they are distinguished.
    var credentials: Credentials?
    /// The hash of the path; zero if paths are not kept.
    var path: UInt64 = 0
    /// The values in the columns of evidence.
    var values: [DistinctValues.Value] = []
}

/// What follows from a list of source addresses.
struct KnownAddresses: Sendable {
    /// The hash of the list as it is written.
    var list = SipHash128.Digest(first: 0, second: 0)
    /// The hash of the addresses.
    var identity: UInt64 = 0
    /// The index of the party.
    var party: UInt32 = 0
    /// The index of the verified source.
    var source: UInt32 = 0
    /// Whether the party has claimed sources too.
    var hasClaims = false
}

/// What follows from parts of events that occur again and again. It can be forgotten: then it is found again.
struct KnownParts: Sendable {
    /// Values that a source had no later than at a time.
    private struct NotedValues: Sendable {
        /// The number of the template and the index of the source; zero for none.
        var key: UInt64 = 0
        var time = Int64.max
    }

    private static let addressBits = 13
    private static let noteBits = 14

    /// By the slot of the template.
    private(set) var templates: [KnownTemplate] = []
    /// By `place(ofAddresses:)`.
    var addresses: [KnownAddresses] = []
    private var noted: [NotedValues] = []

    /// The number of the template in a slot; zero if there is none.
    func template(in slot: Int) -> UInt64 { templates.isEmpty ? 0 : templates[slot].number }

    /// Replaces the template in a slot.
    mutating func learn(_ template: KnownTemplate, in slot: Int) {
        if templates.isEmpty {
            templates = Array(repeating: KnownTemplate(), count: EventView.templateSlots)
            addresses = Array(repeating: KnownAddresses(), count: 1 << Self.addressBits)
            noted = Array(repeating: NotedValues(), count: 1 << Self.noteBits)
        }
        templates[slot] = template
    }

    /// The place of a list of addresses, after a template was learned.
    func place(ofAddresses list: SipHash128.Digest) -> Int { Int(list.first >> UInt64(64 - Self.addressBits)) }

    /// Whether the values of a template may be new for a source, or were seen later before. The answer is remembered.
    mutating func isNew(valuesOfTemplateIn slot: Int, for source: Int, at time: Int64) -> Bool {
        let template = templates[slot].number
        guard template < 1 << 32, source < 1 << 32 else { return true }
        let key = template << 32 | UInt64(source)
        // One of two neighbours.
        let first = Int((key &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - Self.noteBits)) & ~1
        for place in first...first + 1 where noted[place].key == key {
            if noted[place].time <= time { return false }
            noted[place].time = time
            return true
        }
        noted[first + 1] = noted[first]
        noted[first] = NotedValues(key: key, time: time)
        return true
    }
}
