/// The value of a sample: an exact integer, or a floating-point number.
public enum SampleValue: Sendable, Hashable {
    /// An integer, written with all its digits.
    case integer(UInt64)
    /// A number, written with as few digits as give it back.
    case number(Double)

    func write(to output: inout ExpositionText) {
        switch self {
        case .integer(let value): output.write(value)
        case .number(let value): output.write(value)
        }
    }
}

extension SampleValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// An exact integer.
    public init(integerLiteral value: UInt64) { self = .integer(value) }

    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
}
