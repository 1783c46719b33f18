internal import Foundation
internal import HDF5
internal import VAE

/// Embeddings as an AnnData file (on-disk format 0.1.0), without X: `obsm/X_vae`, and columns in `obs`.
///
/// Of a single AnnData file all of whose rows are embedded, `obs` and `var` are copied (``AnnDataFrames``); else `obs` has the ids as
/// its index.
final class AnnDataWriter: EmbeddingOutput {
    private let result: ResultFile
    private let codes: Dataset
    private let figures: [Dataset]
    private let split: Dataset
    private let labels: CopiedColumn?
    /// nil where the index was copied.
    private let index: Dataset?
    let notes: [String]

    init(_ path: String, sources: [DataSource], latentSize: Int, checkpoint: Checkpoint) throws {
        let count = sources.reduce(0) { $0 + $1.rowCount }
        let original = try Self.original(of: sources)
        // Every column uncompressed, strings of moderate length, and at most what the original has.
        result = try ResultFile(
            path, format: nil, byteCount: count * (4 * latentSize + 160) + (original.map { min($0.byteCount, 1 << 30) } ?? 0))
        (notes, index, codes, figures, split, labels) = try result.writing { file in
            try file.encode("/", "anndata", "0.1.0")
            var notes: [String] = []
            if let original {
                let leftOut = try original.frames.copy(into: file)
                if !leftOut.isEmpty {
                    notes = ["left out, because they are not as anndata writes columns: \(leftOut.joined(separator: ", "))"]
                }
            } else {
                try Self.frame(file, "/obs")
                try Self.frame(file, "/var")
                _ = try Self.strings(file, "/var/_index", count: 0)
            }
            let index = original == nil ? try Self.strings(file, "/obs/_index", count: count) : nil
            try file.createGroup("/obsm")
            try file.encode("/obsm", "dict", "0.1.0")
            let codes = try Self.floats(file, "/obsm/X_vae", [count, latentSize])
            var columns: [String] = []
            if case .strings(let names) = try file.attribute("column-order", of: "/obs") { columns = names }
            // A column that is there stays.
            func name(_ wanted: String) throws(HDF5Error) -> String {
                var name = wanted
                var number = 1
                while try file.item("/obs/\(name)") != nil {
                    name = number == 1 ? "vae_\(wanted)" : "vae_\(wanted)_\(number)"
                    number += 1
                }
                columns.append(name)
                return "/obs/\(name)"
            }
            var figures: [Dataset] = []
            for column in ["reconstruction_error", "kl", "elbo"] {
                figures.append(try Self.floats(file, try name(column), [count]))
            }
            let category = try name("split")
            try file.createGroup(category)
            try file.encode(category, "categorical", "0.2.0")
            try file.setAttribute("ordered", .boolean(false), of: category)
            let parts = try Self.strings(file, "\(category)/categories", count: Part.allCases.count)
            try parts.write(Part.allCases.map(\.name), rows: 0..<Part.allCases.count)
            let split = try file.createDataset("\(category)/codes", Int8.self, shape: [count], compressed: true)
            try file.encode("\(category)/codes", "array", "0.2.0")
            var labels: CopiedColumn?
            if sources.allSatisfy({ $0.labels?.kind == sources[0].labels?.kind }), let kind = sources[0].labels?.kind {
                let path = try name("label")
                labels = try CopiedColumn(path, of: sources.map(\.labels), in: file, count: count)
                try file.encode(path, kind == .strings ? "string-array" : "array", "0.2.0")
            }
            try file.removeAttribute("column-order", of: "/obs")
            try file.setAttribute("column-order", .strings(columns), of: "/obs")
            try Self.describe(file, sources, checkpoint)
            return (notes, index, codes, figures, split, labels)
        }
    }

    /// The frames that can be taken as they are, and the bytes of the file that they are in.
    private static func original(of sources: [DataSource]) throws -> (frames: AnnDataFrames, byteCount: Int)? {
        guard sources.count == 1, sources[0].selection.count == sources[0].selection.universe,
            sources[0].files.count == 1, let path = sources[0].files.first?.path
        else { return nil }
        let (rows, features) = (sources[0].rowCount, sources[0].features)
        try FileProbe.framesSurvive(path, rows: rows, features: features)
        do throws(HDF5Error) {
            guard let frames = try AnnDataFrames(path, rows: rows, features: features) else { return nil }
            return (frames, try File.open(path).size)
        } catch {
            throw Failure(error)
        }
    }

    private static func describe(_ file: File, _ sources: [DataSource], _ checkpoint: Checkpoint) throws(HDF5Error) {
        try file.createGroup("/uns")
        try file.encode("/uns", "dict", "0.1.0")
        try file.createGroup("/uns/vae")
        try file.encode("/uns/vae", "dict", "0.1.0")
        let texts = [
            ("program", ["mpi-vae \(programVersion)"]), ("configuration", [checkpoint.configuration]),
            ("step", [String(checkpoint.progress.step)]), ("sources", sources.map(\.name)),
        ]
        for (name, values) in texts {
            try strings(file, "/uns/vae/\(name)", count: values.count).write(values, rows: 0..<values.count)
        }
    }

    /// A table without columns.
    private static func frame(_ file: File, _ path: String) throws(HDF5Error) {
        try file.createGroup(path)
        try file.encode(path, "dataframe", "0.2.0")
        try file.setAttribute("_index", .string("_index"), of: path)
        try file.setAttribute("column-order", .strings([]), of: path)
    }

    private static func strings(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Dataset {
        let dataset = try file.createStrings(path, count: count)
        try file.encode(path, "string-array", "0.2.0")
        return dataset
    }

    private static func floats(_ file: File, _ path: String, _ shape: [Int]) throws(HDF5Error) -> Dataset {
        let dataset = try file.createDataset(path, Float.self, shape: shape, compressed: true)
        try file.encode(path, "array", "0.2.0")
        return dataset
    }

    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let target = place..<place + rows.count
        let rows = item.source.selection.rows(rows)
        try result.writing { _ in
            try self.codes.write(codes.mean.pointer, rows: target)
            try figures[0].write(codes.reconstruction.pointer, rows: target)
            try figures[1].write(codes.kl.pointer, rows: target)
            try figures[2].write((0..<rows.count).map { codes.elbo($0) }, rows: target)
            try split.write(rows.map { Int8(item.part(Int($0)).rawValue) }, rows: target)
            if let index, item.source.ids == nil { try index.write(rows.map { String($0) }, rows: target) }
        }
        try labels?.copy(from: item.source.labels, rows: rows, to: target)
        guard let index, let ids = item.source.ids else { return }
        let names: [String]
        do throws(HDF5Error) { names = try ids.strings(rows) } catch { throw Failure(error) }
        do throws(HDF5Error) { try index.write(names, rows: target) } catch { throw Failure(writing: error) }
    }

    func finish() throws { try result.finish() }
}
