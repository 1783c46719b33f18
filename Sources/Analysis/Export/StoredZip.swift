internal import Support

/// A zip file that is written, of files that are not compressed and have no times (APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16).
final class StoredZip {
    /// Numbers of 32 bits say where all is.
    static let most = 1 << 32 - 1 << 16

    private struct Member {
        let name: [UInt8]
        let checksum: UInt32
        let size: UInt32
        let place: UInt32
    }

    private let file: SequentialFile
    private var members: [Member] = []
    private var place = 0

    /// - Parameter byteCount: that it will have at least.
    init(_ path: String, byteCount: Int) throws { file = try SequentialFile(path, byteCount: byteCount) }

    /// Adds a file of some bytes and more behind them.
    func add(_ name: String, _ start: [UInt8], _ rest: UnsafeRawBufferPointer) throws {
        var checksum = CRC32()
        start.withUnsafeBytes { checksum.update($0) }
        checksum.update(rest)
        let member = Member(
            name: Array(name.utf8), checksum: checksum.value, size: UInt32(start.count + rest.count), place: UInt32(place))
        members.append(member)
        try put([0x50, 0x4B, 3, 4] + Self.description(member) + member.name + start)
        try file.write(rest)
        place += rest.count
    }

    func finish() throws {
        let directory = place
        for member in members {
            // Made by version 2.0 on no particular system; neither comment nor attributes.
            let tail = [UInt8](repeating: 0, count: 10) + Self.bytes(member.place)
            try put([0x50, 0x4B, 1, 2, 20, 0] + Self.description(member) + tail + member.name)
        }
        let count = Self.bytes(UInt16(members.count))
        let end = Self.bytes(UInt32(place - directory)) + Self.bytes(UInt32(directory))
        try put([0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + end + [0, 0])
        try file.finish()
    }

    private func put(_ bytes: [UInt8]) throws {
        try file.write(bytes)
        place += bytes.count
    }

    /// What is said of a member before it and in the directory: version 2.0, names in UTF-8, stored, 1980-01-01.
    private static func description(_ member: Member) -> [UInt8] {
        let fixed: [UInt8] = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]
        let sizes = bytes(member.size)
        return fixed + bytes(member.checksum) + sizes + sizes + bytes(UInt16(member.name.count)) + [0, 0]
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
