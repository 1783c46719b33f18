internal import Foundation
internal import HDF5
internal import VAE

/// The file of embeddings, which appears when it is complete. Used by root alone.
final class EmbeddingWriter: EmbeddingOutput {
    static let format = "mpi-vae embeddings"

    private let published: AtomicFile
    private let file: File
    private let mean: Dataset
    private let logVariance: Dataset
    private let reconstruction: Dataset
    private let kl: Dataset
    private let elbo: Dataset
    private let row: Dataset
    private let split: Dataset
    private let sourceIndex: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private let sources: [DataSource]

    init(_ path: String, sources: [DataSource], latentSize: Int, checkpoint: Checkpoint) throws {
        self.sources = sources
        let published = AtomicFile(path)
        self.published = published
        let count = sources.reduce(0) { $0 + $1.rowCount }
        do {
            // Every column uncompressed, strings of moderate length, and what describes them.
            let file = try File.create(published, byteCount: count * (8 * latentSize + 160) + 1 << 20)
            self.file = file
            func floats(_ name: String, _ shape: [Int]) throws(HDF5Error) -> Dataset {
                try file.createDataset(name, Float.self, shape: shape, compressed: true)
            }
            mean = try floats("/latent/mean", [count, latentSize])
            logVariance = try floats("/latent/log_variance", [count, latentSize])
            reconstruction = try floats("/reconstruction_error", [count])
            kl = try floats("/kl", [count])
            elbo = try floats("/elbo", [count])
            row = try file.createDataset("/row", Int64.self, shape: [count], compressed: true)
            split = try file.createDataset("/split", UInt8.self, shape: [count], compressed: true)
            sourceIndex = try file.createDataset("/source", UInt8.self, shape: [count], compressed: true)
            labels = try CopiedColumn("/label", of: sources.map(\.labels), in: file, count: count)
            ids = try CopiedColumn("/id", of: sources.map(\.ids), in: file, count: count)
            try Self.describe(file, sources: sources, checkpoint: checkpoint, hasLabels: labels != nil, hasIds: ids != nil)
        } catch let error as FileError {
            throw Failure(error)
        } catch let error as HDF5Error {
            throw Failure(writing: error)
        }
    }

    private static func describe(
        _ file: File, sources: [DataSource], checkpoint: Checkpoint, hasLabels: Bool, hasIds: Bool
    ) throws(HDF5Error) {
        try file.setAttribute("format", .string(format))
        try file.setAttribute("format_version", .integer(1))
        try file.setAttribute("program", .string("mpi-vae \(programVersion)"))
        try file.setAttribute("sources", .strings(sources.map(\.name)))
        try file.setAttribute("configuration", .string(checkpoint.configuration))
        try file.setAttribute("step", .integer(Int64(checkpoint.progress.step)))
        var meanings = [
            ("/latent/mean", "mean of the posterior q(z|x)", "1"),
            ("/latent/log_variance", "logarithm of the variance of the posterior q(z|x)", "1"),
            ("/reconstruction_error", "-log p(x|z), z drawn from the posterior", "nats"),
            ("/kl", "KL divergence of the posterior from the prior", "nats"),
            ("/elbo", "evidence lower bound, -(reconstruction error + KL)", "nats"),
            ("/row", "row of the source, from 0; of several files, counted on", "1"),
            ("/split", "what the row was used for: 0 train, 1 validation, 2 test", "1"),
            ("/source", "which of the root attribute sources the row is from", "1"),
        ]
        if hasLabels { meanings.append(("/label", "label of the row in the source", "1")) }
        if hasIds { meanings.append(("/id", "id of the row in the source", "1")) }
        for (path, meaning, unit) in meanings {
            try file.setAttribute("long_name", .string(meaning), of: path)
            try file.setAttribute("units", .string(unit), of: path)
            try file.nameDimensions(of: path, path.hasPrefix("/latent") ? ["sample", "latent"] : ["sample"])
        }
        try file.setAttribute("values", .strings(Part.allCases.map(\.name)), of: "/split")
    }

    /// Writes the codes of some rows of a source, which lie at `place` in the file. Throws ``Failure``.
    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let target = place..<place + rows.count
        let rows = item.source.selection.rows(rows)
        let index = sources.firstIndex { $0 === item.source }!
        do throws(HDF5Error) {
            try mean.write(codes.mean.pointer, rows: target)
            try logVariance.write(codes.logVariance.pointer, rows: target)
            try reconstruction.write(codes.reconstruction.pointer, rows: target)
            try kl.write(codes.kl.pointer, rows: target)
            let bounds = (0..<rows.count).map { codes.elbo($0) }
            try elbo.write(bounds, rows: target)
            try row.write(rows, rows: target)
            try split.write(rows.map { item.part(Int($0)).rawValue }, rows: target)
            try sourceIndex.write([UInt8](repeating: UInt8(index), count: rows.count), rows: target)
        } catch {
            throw Failure(writing: error)
        }
        try labels?.copy(from: item.source.labels!, rows: rows, to: target)
        try ids?.copy(from: item.source.ids!, rows: rows, to: target)
    }

    /// Closes the file and gives it its name. Throws ``Failure``.
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
