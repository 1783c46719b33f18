/// A message in the encoding of Protocol Buffers, field behind field as they are added.
///
/// "Encoding", protobuf.dev: each field is its number and wire type as a varint, and then its value: a varint, bytes behind their length, or 4 or 8
/// bytes little-endian. Fields that are not added have their defaults.
public struct ProtobufMessage: Sendable {
    public private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    public init() {}

    /// A field of the types int32, int64, uint64, bool or enum; negative numbers take ten bytes.
    public mutating func add(_ field: Int, integer value: Int) {
        begin(field, .varint)
        append(UInt64(bitPattern: Int64(value)))
    }

    /// A field of the type float.
    public mutating func add(_ field: Int, float value: Float) {
        begin(field, .fixed32)
        append(littleEndian: value.bitPattern)
    }

    /// A field of the type double.
    public mutating func add(_ field: Int, double value: Double) {
        begin(field, .fixed64)
        append(littleEndian: value.bitPattern)
    }

    /// A field of the type string.
    public mutating func add(_ field: Int, text: String) { add(field, bytes: text.utf8) }

    /// A field of the type bytes.
    public mutating func add(_ field: Int, bytes value: some Collection<UInt8>) {
        begin(field, .lengthDelimited)
        append(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// The same of numbers as they lie in memory: all processors that this is built for are little-endian.
    public mutating func add<Number: BitwiseCopyable>(_ field: Int, memoryOf numbers: [Number]) {
        numbers.withUnsafeBytes { add(field, bytes: $0) }
    }

    /// A field that is a message.
    public mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, bytes: message.bytes) }

    /// A repeated field of integers, packed.
    public mutating func add(_ field: Int, packed integers: [Int]) {
        var packed = ProtobufMessage()
        for integer in integers { packed.append(UInt64(bitPattern: Int64(integer))) }
        add(field, bytes: packed.bytes)
    }

    private mutating func begin(_ field: Int, _ type: WireType) {
        precondition((1..<1 << 29).contains(field))
        append(UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits a byte, the lowest first; all but the last have the eighth.
    private mutating func append(_ varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func append(littleEndian value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
