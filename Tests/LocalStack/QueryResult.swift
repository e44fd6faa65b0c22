/// The result of an instant query: a vector, or a scalar as a sample without labels.
struct QueryResult: Decodable {
    let samples: [QuerySample]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let type = try container.decode(String.self, forKey: .resultType)
        switch type {
        case "vector":
            samples = try container.decode([Element].self, forKey: .result)
                .map { QuerySample(labels: $0.metric, value: $0.value.value) }
        case "scalar":
            samples = [QuerySample(labels: [:], value: try container.decode(Point.self, forKey: .result).value)]
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .resultType, in: container, debugDescription: "\(type) is not the result of an instant query")
        }
    }

    private enum Key: CodingKey {
        case resultType, result
    }

    private struct Element: Decodable {
        var metric: [String: String]
        var value: Point
    }

    /// `[time, "value"]`
    private struct Point: Decodable {
        let value: Double

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            _ = try container.decode(Double.self)
            let text = try container.decode(String.self)
            guard let value = Double(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a number")
            }
            self.value = value
        }
    }
}
