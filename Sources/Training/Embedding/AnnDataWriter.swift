internal import Foundation
internal import HDF5
internal import VAE

/// Embeddings as an AnnData file (on-disk format 0.1.0), without X: `obsm/X_vae`, and columns in `obs`.
///
/// Of a single AnnData file all of whose rows are embedded, `obs` and `var` are copied; else `obs` has the ids as its index.
final class AnnDataWriter: EmbeddingOutput {
    private let published: AtomicFile
    private let file: File
    private let codes: Dataset
    private let figures: [Dataset]
    private let split: Dataset
    private let labels: CopiedColumn?
    /// nil where the index was copied.
    private let index: Dataset?

    init(_ path: String, sources: [DataSource], latentSize: Int, checkpoint: Checkpoint) throws {
        let published = AtomicFile(path)
        self.published = published
        let count = sources.reduce(0) { $0 + $1.rowCount }
        let original = try Self.original(of: sources)
        do {
            // Every column uncompressed, strings of moderate length, and at most what the original has.
            let file = try File.create(
                published, byteCount: count * (4 * latentSize + 160) + (original.map { min($0.size, 1 << 30) } ?? 0) + 1 << 20)
            self.file = file
            try Self.encode(file, "/", "anndata", "0.1.0")
            if let original {
                try file.copy("/obs", from: original)
                try file.copy("/var", from: original)
            } else {
                try Self.frame(file, "/obs")
                try Self.frame(file, "/var")
                _ = try Self.strings(file, "/var/_index", count: 0)
            }
            index = original == nil ? try Self.strings(file, "/obs/_index", count: count) : nil
            try file.createGroup("/obsm")
            try Self.encode(file, "/obsm", "dict", "0.1.0")
            codes = try Self.floats(file, "/obsm/X_vae", [count, latentSize])
            var columns: [String] = []
            if case .strings(let names) = try file.attribute("column-order", of: "/obs") { columns = names }
            // A column that is there stays.
            func name(_ wanted: String) throws(HDF5Error) -> String {
                let name = try file.item("/obs/\(wanted)") == nil ? wanted : "vae_\(wanted)"
                columns.append(name)
                return "/obs/\(name)"
            }
            var figures: [Dataset] = []
            for column in ["reconstruction_error", "kl", "elbo"] {
                figures.append(try Self.floats(file, try name(column), [count]))
            }
            self.figures = figures
            let category = try name("split")
            try file.createGroup(category)
            try Self.encode(file, category, "categorical", "0.2.0")
            try file.setAttribute("ordered", .boolean(false), of: category)
            let parts = try Self.strings(file, "\(category)/categories", count: Part.allCases.count)
            try parts.write(Part.allCases.map(\.name), rows: 0..<Part.allCases.count)
            split = try file.createDataset("\(category)/codes", Int8.self, shape: [count], compressed: true)
            try Self.encode(file, "\(category)/codes", "array", "0.2.0")
            if sources.allSatisfy({ $0.labels?.kind == sources[0].labels?.kind }), let kind = sources[0].labels?.kind {
                let path = try name("label")
                labels = try CopiedColumn(path, of: sources.map(\.labels), in: file, count: count)
                try Self.encode(file, path, kind == .strings ? "string-array" : "array", "0.2.0")
            } else {
                labels = nil
            }
            try file.removeAttribute("column-order", of: "/obs")
            try file.setAttribute("column-order", .strings(columns), of: "/obs")
            try Self.describe(file, sources, checkpoint)
        } catch let error as FileError {
            throw Failure(error)
        } catch let error as HDF5Error {
            throw Failure(writing: error)
        }
    }

    /// The file whose `obs` and `var` can be taken as they are.
    private static func original(of sources: [DataSource]) throws -> File? {
        guard sources.count == 1, sources[0].selection.count == sources[0].selection.universe,
            let path = sources[0].onlyFile
        else { return nil }
        do throws(HDF5Error) {
            let file = try File.open(path)
            guard try file.item("/obs") == .group, try file.item("/var") == .group,
                case .string = try file.attribute("_index", of: "/obs")
            else { return nil }
            return file
        } catch {
            throw Failure(error)
        }
    }

    private static func describe(_ file: File, _ sources: [DataSource], _ checkpoint: Checkpoint) throws(HDF5Error) {
        try file.createGroup("/uns")
        try encode(file, "/uns", "dict", "0.1.0")
        try file.createGroup("/uns/vae")
        try encode(file, "/uns/vae", "dict", "0.1.0")
        let texts = [
            ("program", ["mpi-vae \(programVersion)"]), ("configuration", [checkpoint.configuration]),
            ("step", [String(checkpoint.progress.step)]), ("sources", sources.map(\.name)),
        ]
        for (name, values) in texts {
            try strings(file, "/uns/vae/\(name)", count: values.count).write(values, rows: 0..<values.count)
        }
    }

    private static func encode(_ file: File, _ path: String, _ type: String, _ version: String) throws(HDF5Error) {
        try file.setAttribute("encoding-type", .string(type), of: path)
        try file.setAttribute("encoding-version", .string(version), of: path)
    }

    /// A table without columns.
    private static func frame(_ file: File, _ path: String) throws(HDF5Error) {
        try file.createGroup(path)
        try encode(file, path, "dataframe", "0.2.0")
        try file.setAttribute("_index", .string("_index"), of: path)
        try file.setAttribute("column-order", .strings([]), of: path)
    }

    private static func strings(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Dataset {
        let dataset = try file.createStrings(path, count: count)
        try encode(file, path, "string-array", "0.2.0")
        return dataset
    }

    private static func floats(_ file: File, _ path: String, _ shape: [Int]) throws(HDF5Error) -> Dataset {
        let dataset = try file.createDataset(path, Float.self, shape: shape, compressed: true)
        try encode(file, path, "array", "0.2.0")
        return dataset
    }

    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let target = place..<place + rows.count
        let rows = item.source.selection.rows(rows)
        do throws(HDF5Error) {
            try self.codes.write(codes.mean.pointer, rows: target)
            try figures[0].write(codes.reconstruction.pointer, rows: target)
            try figures[1].write(codes.kl.pointer, rows: target)
            try figures[2].write((0..<rows.count).map { codes.elbo($0) }, rows: target)
            try split.write(rows.map { Int8(item.part(Int($0)).rawValue) }, rows: target)
            if let index, item.source.ids == nil { try index.write(rows.map { String($0) }, rows: target) }
        } catch {
            throw Failure(writing: error)
        }
        try labels?.copy(from: item.source.labels!, rows: rows, to: target)
        guard let index, let ids = item.source.ids else { return }
        let names: [String]
        do throws(HDF5Error) { names = try ids.strings(rows) } catch { throw Failure(error) }
        do throws(HDF5Error) { try index.write(names, rows: target) } catch { throw Failure(writing: error) }
    }

    func finish() throws {
        do {
            try file.close()
            try published.publish()
        } catch let error as HDF5Error {
            throw Failure(writing: error)
        } catch let error as FileError {
            throw Failure(error)
        }
    }
}
