import AccessScanning

/// A source as JSON shows it. The API and `scan` share its form.
struct SourceReport: Sendable, Hashable {
    /// The distinct values of one property of a source's requests.
    struct Column: Sendable, Hashable {
        /// The name in JSON, such as `user_agent`.
        let name: String
        /// The values, in the order in which they were first seen.
        let values: [String]
        /// How often a value gave way or found no room, since there were too many; in a report on files the number of
        /// values that are not among them.
        let leftOut: UInt64
        /// Whether the values are numbers.
        let isNumeric: Bool
    }

    /// The properties that only a running exporter knows.
    struct Live: Sendable, Hashable {
        /// The requests within the last hour.
        let requestsLastHour: UInt64
        /// The distinct paths that were asked for within the last hour.
        let distinctRequestPaths: Int
        /// The last requests, newest last.
        let lastRequests: [RequestReference]
    }

    /// The address in canonical form, or `invalid` or `other`.
    let address: String
    /// Its location; empty if unknown.
    let location: Location
    /// How the address is known.
    let origin: Origin
    /// The requests counted, of the outcomes that were asked for.
    let count: UInt64
    /// The requests by outcome, whatever was asked for; `nil` if they are not known.
    let outcomes: OutcomeCounts?
    /// The time of the first request, in seconds since 1970; `nil` if it is not known.
    let firstSeen: Double?
    /// The time of the last request, in seconds since 1970; `nil` if it is not known.
    let lastSeen: Double?
    /// The evidence.
    let columns: [Column]
    /// `nil` in a report on files.
    let live: Live?

    /// Writes the object.
    func write(to json: inout JSONText) {
        json.object { json in
            json.member("src_ip", address)
            json.member("country", location.country)
            json.member("city", location.city)
            json.member("origin", origin.rawValue)
            json.key("count")
            json.integer(count)
            outcomes?.write(to: &json)
            json.member("first_seen", firstSeen)
            json.member("last_seen", lastSeen)
            for column in columns { column.write(to: &json) }
            live?.write(to: &json)
            // The exporter counts a value again that is seen again.
            json.key(live == nil ? "values_left_out" : "left_out")
            json.object { json in
                for column in columns where column.leftOut > 0 {
                    json.key(column.name)
                    json.integer(column.leftOut)
                }
            }
        }
    }
}

extension SourceReport.Column {
    /// The outcomes of a source's requests.
    init(_ outcomes: [Outcome]) {
        self.init(name: "outcome", values: outcomes.map(\.rawValue), leftOut: 0, isNumeric: false)
    }

    fileprivate func write(to json: inout JSONText) {
        json.key(name)
        json.array(values) { json, value in
            if !isNumeric {
                json.string(value)
            } else if let number = Int(value) {
                json.integer(number)
            }
        }
    }
}

extension SourceReport.Live {
    fileprivate func write(to json: inout JSONText) {
        json.key("requests_last_hour")
        json.integer(requestsLastHour)
        json.key("distinct_request_paths")
        json.integer(distinctRequestPaths)
        json.key("last_requests")
        json.array(lastRequests) { json, request in
            json.object { json in
                json.member("audit_id", request.auditID)
                if let received = request.received { json.member("received", UTCTime(received).description) }
            }
        }
    }
}

extension OutcomeCounts {
    fileprivate func write(to json: inout JSONText) {
        json.key("outcomes")
        json.object { json in
            for outcome in Outcome.allCases {
                json.key(outcome.rawValue)
                json.integer(self[outcome])
            }
        }
    }
}

extension JSONText {
    /// Writes a key and a string.
    fileprivate mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes a key and a time.
    fileprivate mutating func member(_ name: String, _ seconds: Double?) {
        key(name)
        if let seconds { string(UTCTime(seconds).description) } else { null() }
    }
}

extension SourceReport {
    /// A report on a source of a running exporter.
    ///
    /// - Parameter now: Seconds since 1970.
    init(_ activity: SourceActivity, at now: Double) {
        let choice = activity.choice
        let counts = activity.outcomes
        address = activity.source.address.description
        location = activity.location
        origin = activity.source.origin
        count = counts.sum(choice)
        outcomes = counts
        firstSeen = activity.firstSeen
        lastSeen = activity.lastSeen
        let evidence = Evidence.Column.allCases.map { column in
            Column(
                name: column.name, values: activity.values(column),
                leftOut: activity.profile?.evidence.leftOut(column) ?? 0, isNumeric: column == .responseCode)
        }
        columns = [Column(counts.present(choice))] + evidence
        live = Live(
            requestsLastHour: activity.requestsLastHour(at: now).sum(choice),
            distinctRequestPaths: activity.distinctPaths(at: now), lastRequests: activity.lastRequests)
    }
}

extension SourceReport {
    /// A report on a source in logs that were read once.
    init(_ source: CollectedSource, at location: Location) {
        address = source.source.address.description
        self.location = location
        origin = source.source.origin
        count = UInt64(source.count)
        outcomes = nil
        firstSeen = source.seen?.lowerBound
        lastSeen = source.seen?.upperBound
        columns = Evidence.Column.allCases.map { column in
            Column(
                name: column.name, values: source.values(column), leftOut: UInt64(source.valuesLeftOut(column)),
                isNumeric: column == .responseCode)
        }
        live = nil
    }
}
