/// The parameters of a request's query, such as `?origin=claimed&limit=10`.
public struct HTTPQuery: Sendable, Hashable {
    /// A parameter.
    public struct Parameter: Sendable, Hashable {
        /// The name.
        public let name: String
        /// The value; empty if there is none.
        public let value: String

        /// A parameter.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The parameters in the order of the request, percent escapes resolved; `nil` if an escape is invalid or the text
    /// is not UTF-8.
    public var parameters: [Parameter]?

    /// A query with these parameters.
    public init(_ parameters: [Parameter]? = []) {
        self.parameters = parameters
    }

    /// A query of names and values whose percent escapes are not resolved yet.
    init(escaped pairs: [(name: String, value: String)]) {
        var parameters: [Parameter] = []
        for pair in pairs {
            guard let name = String(percentDecoding: pair.name.utf8),
                let value = String(percentDecoding: pair.value.utf8)
            else {
                self.parameters = nil
                return
            }
            parameters.append(Parameter(name, value))
        }
        self.parameters = parameters
    }

    /// The value of the first parameter of this name; `nil` if there is none or it is empty, as browsers send the
    /// fields of a form that were not filled in.
    public subscript(name: String) -> String? {
        parameters?.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }
}
