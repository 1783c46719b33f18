import Foundation
import Importing
import Support

/// Inputs whose form is right and whose content the bytes decide, where damaged bytes alone seldom come as far.
enum HostileInputs {
    /// An NPZ file that is a sound zip file; its members' headers are the bytes, cut at zero bytes.
    static func archive(_ bytes: Data) -> Data {
        let headers = bytes.split(separator: 0, maxSplits: 16, omittingEmptySubsequences: false)
        var (file, contents) = (Data(), Data())
        for (index, header) in headers.enumerated() {
            // A header that is there anyway is taken, as long as it claims.
            let member =
                Data([0x93]) + Data("NUMPY".utf8) + Data([2, 0]) + little(UInt32(header.count)) + header + Data(count: 64)
            // The keys of sparse matrices and labels as well.
            let keys = ["data", "indices", "indptr", "shape", "format", "label", "row", "col"]
            let name = Data("\(index < keys.count ? keys[index] : "a\(index)").npy".utf8)
            let common =
                Data([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + little(crc(member)) + little(UInt32(member.count))
                + little(UInt32(member.count))
                + Data([UInt8(name.count), 0, 0, 0])
            contents += Data([0x50, 0x4B, 1, 2, 20, 0]) + common + Data(count: 10) + little(UInt32(file.count)) + name
            file += Data([0x50, 0x4B, 3, 4]) + common + name + member
        }
        let count = UInt8(headers.count)
        return file + contents + Data([0x50, 0x4B, 5, 6, 0, 0, 0, 0, count, 0, count, 0]) + little(UInt32(contents.count))
            + little(UInt32(file.count)) + Data([0, 0])
    }

    /// A table as wide, up to some 8,000 columns, and as long as the first bytes say, of cells that the others say.
    static func table(_ bytes: Data) -> Data {
        let bytes = Array(bytes)
        guard bytes.count > 4 else { return Data(bytes) }
        let (width, lines) = (1 << (bytes[0] % 14) + Int(bytes[1]), 1 + Int(bytes[2] % 4))
        let cells = bytes[4...].split(separator: 10).map { Data($0) }
        let separator = [UInt8(ascii: ","), UInt8(ascii: ";"), 9, 32][Int(bytes[3] % 4)]
        var table = Data()
        for line in 0..<lines {
            for column in 0..<width {
                if column > 0 { table.append(separator) }
                table += cells.isEmpty ? Data() : cells[(column + line) % min(cells.count, 7)]
            }
            table.append(10)
        }
        return table
    }

    /// Makes a tree of folders, links between them and small files, as the bytes say, in a folder that is empty.
    static func tree(_ bytes: Data, in root: String) throws {
        var folders = [root]
        let manager = FileManager.default
        for (index, byte) in bytes.prefix(200).enumerated() {
            let place = folders[Int(byte >> 2) % folders.count]
            let name = "\(place)/\(index % 11)"
            switch byte & 3 {
            case 0:
                if (try? manager.createDirectory(atPath: name, withIntermediateDirectories: false)) != nil {
                    folders.append(name)
                }
            case 1: symlink(folders[Int(byte) * 7 % folders.count], name)
            case 2: symlink(index % 2 == 0 ? "." : "../\(index % 11)", name)
            default: try? bytes.write(to: URL(fileURLWithPath: "\(name).png"))
            }
        }
    }

    private static func little(_ number: UInt32) -> Data { withUnsafeBytes(of: number.littleEndian) { Data($0) } }

    /// CRC-32 as zip files have it.
    private static func crc(_ bytes: Data) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
    }
}
