/// The checksum of zip files (ISO 3309: the polynomial 0x04C11DB7, bits reversed) of bytes in the making.
public struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
    }

    private var rest: UInt32 = .max

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        Self.table.withUnsafeBufferPointer { table in
            for byte in bytes { rest = table[Int((rest ^ UInt32(byte)) & 0xFF)] ^ rest >> 8 }
        }
    }

    public var value: UInt32 { ~rest }
}
