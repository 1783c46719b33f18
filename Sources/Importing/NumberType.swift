package import HDF5

/// The number types of the files that are imported.
package enum NumberType: Equatable {
    case int8
    case uint8
    case int16
    case uint16
    case int32
    case uint32
    case int64
    case uint64
    case float32
    case float64

    package var size: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// Calls `body` with the Swift type.
    package func with<Result>(_ body: (any HDF5Number.Type) throws -> Result) rethrows -> Result {
        switch self {
        case .int8: try body(Int8.self)
        case .uint8: try body(UInt8.self)
        case .int16: try body(Int16.self)
        case .uint16: try body(UInt16.self)
        case .int32: try body(Int32.self)
        case .uint32: try body(UInt32.self)
        case .int64: try body(Int64.self)
        case .uint64: try body(UInt64.self)
        case .float32: try body(Float.self)
        case .float64: try body(Double.self)
        }
    }
}

/// Turns the order of each number's bytes around.
func swapBytes(_ bytes: inout [UInt8], size: Int) {
    if size == 1 { return }
    for first in stride(from: 0, to: bytes.count - size + 1, by: size) {
        bytes[first..<first + size].reverse()
    }
}
