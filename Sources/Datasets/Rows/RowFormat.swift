internal import CKernels
package import HDF5

/// How numbers are kept in memory: in the file's own type where that is small, for it is read again in every epoch.
package enum NumberFormat: Sendable, Equatable {
    /// Unsigned bytes, taken for pixels: they are divided by 255, so images come out in 0...1.
    case pixel
    case int8
    /// Unsigned bytes that are numbers.
    case uint8
    case int16
    case uint16
    case float16
    /// In memory, everything else.
    case float32
    /// In files only, for they take more digits than ``float32`` has: see ``isWide``.
    case int32
    case uint32
    case int64
    case uint64
    case float64
    /// Eight numbers 0 or 1 a byte, as `numpy.packbits` gives them.
    case bit

    var kernel: kernel_number {
        switch self {
        case .pixel: kernel_pixel
        case .int8: kernel_int8
        case .uint8: kernel_uint8
        case .int16: kernel_int16
        case .uint16: kernel_uint16
        case .float16: kernel_float16
        case .float32: kernel_float32
        case .int32: kernel_int32
        case .uint32: kernel_uint32
        case .int64: kernel_int64
        case .uint64: kernel_uint64
        case .float64: kernel_float64
        case .bit: kernel_bit
        }
    }

    package func byteCount(_ numbers: Int) -> Int {
        switch self {
        case .bit: (numbers + 7) / 8
        case .pixel, .int8, .uint8: numbers
        case .int16, .uint16, .float16: 2 * numbers
        case .float32, .int32, .uint32: 4 * numbers
        case .int64, .uint64, .float64: 8 * numbers
        }
    }

    /// Whether there can be values that are not numbers.
    var isFloat: Bool { self == .float16 || self == .float32 }

    /// Whether numbers can have more digits than 32-bit floats.
    package var isWide: Bool { [.int32, .uint32, .int64, .uint64, .float64].contains(self) }
}

/// The floats that numbers are decoded to.
package protocol DecodedNumber: HDF5Number, BinaryFloatingPoint {
    static func decode(_ numbers: UnsafeRawPointer, _ format: NumberFormat, into values: UnsafeMutablePointer<Self>, count: Int)
    /// The same of a row that is packed.
    static func unpack(_ row: UnsafeRawPointer, into values: UnsafeMutablePointer<Self>, count: Int)
}

extension Float: DecodedNumber {
    @inline(__always)
    package static func decode(
        _ numbers: UnsafeRawPointer, _ format: NumberFormat, into values: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernel_to_float(values, numbers, format.kernel, count)
    }

    @inline(__always)
    package static func unpack(_ row: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>, count: Int) {
        kernel_unpack_float(values, row, count)
    }
}

extension Double: DecodedNumber {
    @inline(__always)
    package static func decode(
        _ numbers: UnsafeRawPointer, _ format: NumberFormat, into values: UnsafeMutablePointer<Double>, count: Int
    ) {
        kernel_to_double(values, numbers, format.kernel, count)
    }

    @inline(__always)
    package static func unpack(_ row: UnsafeRawPointer, into values: UnsafeMutablePointer<Double>, count: Int) {
        kernel_unpack_double(values, row, count)
    }
}

/// A row in memory: its numbers in some format, and its place in the data set, which keys its noise.
package struct KeptRow {
    package let numbers: UnsafeRawPointer
    package let row: Int64
    /// How much it counts.
    package let weight: Float
    /// `[conditions]`
    package let conditions: UnsafePointer<Float>
}

/// What rows in memory look like.
package struct RowFormat: Sendable, Equatable {
    package let numbers: NumberFormat
    package let features: Int
    /// Whether the files' numbers have more digits than those in memory (``NumberFormat/isWide``): such rows are prepared while they
    /// are read, before they are rounded, others when a batch takes them.
    package var isWide = false
    /// Whether rows are kept without their zeros, `float32` in the least bytes that hold them.
    package var isPacked = false
    /// The numbers that stand for what a row is conditioned on.
    package var conditions = 0

    package init(numbers: NumberFormat, features: Int, isWide: Bool = false) {
        self.numbers = numbers
        self.features = features
        self.isWide = isWide
    }

    /// The bytes of a row that is not packed.
    package var rowBytes: Int { numbers.byteCount(features) }

    /// Decodes a row into `features` floats.
    @inline(__always)
    package func decode<Number: DecodedNumber>(_ row: UnsafeRawPointer, into values: UnsafeMutablePointer<Number>) {
        if isPacked { return Number.unpack(row, into: values, count: features) }
        Number.decode(row, numbers, into: values, count: features)
    }

    /// Asks the memory for a row that is to be decoded soon.
    @inline(__always)
    package func prefetch(_ row: UnsafeRawPointer) { kernel_prefetch(row, min(rowBytes, 4096)) }
}
