import Support
import Testing

struct EncodingTests {
    private func bytes(_ build: (inout ProtobufMessage) -> Void) -> [UInt8] {
        var message = ProtobufMessage()
        build(&message)
        return message.bytes
    }

    /// The examples of "Encoding" at protobuf.dev, and what its rules give for other types.
    @Test func protobuf() {
        #expect(bytes { $0.add(1, integer: 150) } == [0x08, 0x96, 0x01])
        #expect(bytes { $0.add(1, integer: 0) } == [0x08, 0x00])
        #expect(bytes { $0.add(1, integer: -2) } == [0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
        #expect(bytes { $0.add(2, text: "testing") } == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        var inner = ProtobufMessage()
        inner.add(1, integer: 150)
        #expect(bytes { $0.add(3, inner) } == [0x1A, 0x03, 0x08, 0x96, 0x01])
        #expect(bytes { $0.add(6, packed: [3, 270, 86942]) } == [0x32, 0x06, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05])
        #expect(bytes { $0.add(16, float: 1) } == [0x85, 0x01, 0x00, 0x00, 0x80, 0x3F])
        #expect(bytes { $0.add(1, double: 1) } == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(bytes { $0.add(9, memoryOf: [Float(1), 2]) } == [0x4A, 0x08, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
        #expect(bytes { $0.add(4, bytes: [UInt8](repeating: 7, count: 200)) }.prefix(4) == [0x22, 0xC8, 0x01, 7])
    }

    /// The check value of the catalogue of CRC algorithms, and that pieces do not matter.
    @Test(arguments: [1, 2, 9]) func checksum(piece: Int) {
        var checksum = CRC32()
        let text = Array("123456789".utf8)
        for first in stride(from: 0, to: text.count, by: piece) {
            Array(text[first..<min(first + piece, text.count)]).withUnsafeBytes { checksum.update($0) }
        }
        #expect(checksum.value == 0xCBF4_3926)
        #expect(CRC32().value == 0)
    }
}
