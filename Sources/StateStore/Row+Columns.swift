import Foundation
import GRDB

extension Row {
    /// The value of a column; GRDB's own subscript would stop the process where it is of another type.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        try decode(Value.self, forColumn: column)
    }

    /// A number that is kept by its bits.
    func count(_ column: String) throws -> UInt64 {
        UInt64(bitPattern: try decode(Int64.self, forColumn: column))
    }

    /// Text that is kept as a BLOB.
    func text(_ column: String) throws -> String {
        String(decoding: try decode(Data.self, forColumn: column), as: UTF8.self)
    }
}
