/// A record of TensorBoard's event files: an `Event` (tensorboard/compat/proto/event.proto) framed as a TFRecord (tensorflow.org, "TFRecord format
/// details"): its length, that length's checksum, the message, and the message's checksum.
public struct EventRecord: Sendable {
    private var event = ProtobufMessage()
    private var summary = ProtobufMessage()

    /// - Parameters:
    ///   - time: seconds since 1970.
    ///   - step: of the training.
    public init(time: Double, step: Int) {
        event.add(1, double: time)
        event.add(2, integer: step)
    }

    /// What a file begins with.
    public static func version(time: Double) -> EventRecord {
        var record = EventRecord(time: time, step: 0)
        record.event.add(3, text: "brain.Event:2")
        return record
    }

    /// Says that a run goes on after `step`: later steps of an earlier file are to be forgotten.
    public static func start(time: Double, step: Int) -> EventRecord {
        var record = EventRecord(time: time, step: step)
        var session = ProtobufMessage()
        session.add(1, integer: 1)
        record.event.add(7, session)
        return record
    }

    /// A number under a name, as `loss/train`.
    public mutating func add(_ name: String, _ value: Double) {
        var entry = Self.entry(name)
        entry.add(2, float: Float(value))
        summary.add(1, entry)
    }

    /// A picture.
    ///
    /// - Parameter isGray: whether it has one channel, or three.
    public mutating func add(_ name: String, png: [UInt8], height: Int, width: Int, isGray: Bool) {
        var image = ProtobufMessage()
        image.add(1, integer: height)
        image.add(2, integer: width)
        image.add(3, integer: isGray ? 1 : 3)
        image.add(4, bytes: png)
        var entry = Self.entry(name)
        entry.add(4, image)
        summary.add(1, entry)
    }

    /// How some values are spread, in 30 parts of equal width; nothing for no values.
    public mutating func add(_ name: String, histogramOf values: [Double]) {
        guard let least = values.min(), let most = values.max() else { return }
        let count = 30
        let width = max(most - least, 1e-12) / Double(count)
        var heights = [Double](repeating: 0, count: count)
        for value in values { heights[min(Int((value - least) / width), count - 1)] += 1 }
        var histogram = ProtobufMessage()
        histogram.add(1, double: least)
        histogram.add(2, double: most)
        histogram.add(3, double: Double(values.count))
        histogram.add(4, double: values.reduce(0, +))
        histogram.add(5, double: values.reduce(0) { $0 + $1 * $1 })
        histogram.add(6, memoryOf: (1...count).map { least + Double($0) * width })
        histogram.add(7, memoryOf: heights)
        var entry = Self.entry(name)
        entry.add(5, histogram)
        summary.add(1, entry)
    }

    private static func entry(_ name: String) -> ProtobufMessage {
        var entry = ProtobufMessage()
        entry.add(1, text: name)
        return entry
    }

    /// As it stands in a file.
    public var bytes: [UInt8] {
        var event = event
        if !summary.bytes.isEmpty { event.add(5, summary) }
        var length: [UInt8] = []
        withUnsafeBytes(of: UInt64(event.bytes.count).littleEndian) { length.append(contentsOf: $0) }
        return length + Self.maskedChecksum(length) + event.bytes + Self.maskedChecksum(event.bytes)
    }

    private static func maskedChecksum(_ bytes: [UInt8]) -> [UInt8] {
        let sum = CRC32C.checksum(bytes)
        return withUnsafeBytes(of: ((sum >> 15 | sum << 17) &+ 0xA282_EAD8).littleEndian) { Array($0) }
    }
}

/// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4).
public enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }

    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
    }
}
