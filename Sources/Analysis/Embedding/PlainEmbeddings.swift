internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import VAE

/// The means alone, as `numpy.load` reads them: float32 `[N, latents]`.
final class NPYEmbeddings: EmbeddingOutput {
    private let file: SequentialFile

    init(_ path: String, sources: [DataSource], latentSize: Int) throws {
        let count = sources.reduce(0) { $0 + $1.rowCount }
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), \(latentSize)), }"
        // NPY version 1: the array begins at a multiple of 64 bytes, behind a line feed.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        file = try SequentialFile(path, byteCount: 10 + header.utf8.count + count * latentSize * 4)
        let length = UInt16(header.utf8.count)
        try file.write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8))
    }

    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        try file.write(UnsafeRawBufferPointer(start: codes.mean.pointer, count: rows.count * codes.latentSize * 4))
    }

    func finish() throws { try file.finish() }
}

/// A table with a line of names: id (the row, where the data have no ids), label (empty where there are none), split, z0, z1, ...
final class CSVEmbeddings: EmbeddingOutput {
    private let file: SequentialFile
    private let isSafe: Bool

    /// - Parameter isSafe: whether ids and labels that begin like formulas get an apostrophe in front.
    init(_ path: String, sources: [DataSource], latentSize: Int, isSafe: Bool) throws {
        self.isSafe = isSafe
        file = try SequentialFile(path, byteCount: sources.reduce(0) { $0 + $1.rowCount } * (latentSize + 3) * 2)
        let names = ["id", "label", "split"] + (0..<latentSize).map { "z\($0)" }
        try file.write("\(names.csvLine)\n".utf8)
    }

    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let numbers = item.source.selection.rows(rows)
        let ids: [String]
        let labels: [String]
        do throws(HDF5Error) {
            ids = try item.source.ids?.strings(numbers) ?? numbers.map { String($0) }
            labels = try item.source.labels?.strings(numbers) ?? [String](repeating: "", count: numbers.count)
        } catch {
            throw Failure(error)
        }
        for (index, row) in numbers.enumerated() {
            let texts = [ids[index], labels[index]]
            var line = ((isSafe ? texts.map(\.csvSafe) : texts) + [item.part(Int(row)).name]).csvLine
            for i in index * codes.latentSize..<(index + 1) * codes.latentSize { line += ",\(codes.mean.pointer[i])" }
            try file.write((line + "\n").utf8)
        }
    }

    func finish() throws { try file.finish() }
}
