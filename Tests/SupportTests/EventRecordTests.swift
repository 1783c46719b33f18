import Support
import Testing

struct EventRecordTests {
    /// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    @Test func checksum() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(0..<32) == 0x46DD_794E)
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
    }

    /// The first record of a file, byte by byte: length 26, its checksum, wall time, version.
    @Test func framing() {
        let bytes = EventRecord.version(time: 1).bytes
        #expect(Array(bytes[..<8]) == [26, 0, 0, 0, 0, 0, 0, 0])
        // Field 1, a double; field 2, 0; field 3, a text of 13 bytes.
        let message: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 0, 0x1A, 13] + Array("brain.Event:2".utf8)
        #expect(Array(bytes[12..<12 + 26]) == message)
        #expect(bytes.count == 8 + 4 + 26 + 4)
    }

    @Test func histogramOfOneValue() {
        var record = EventRecord(time: 0, step: 1)
        record.add("h", histogramOf: [2, 2, 2])
        #expect(record.bytes.count > 30 * 16)
    }
}
