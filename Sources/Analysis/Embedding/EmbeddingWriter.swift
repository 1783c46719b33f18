internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// The file of embeddings, which appears when it is complete. Used by root alone.
final class EmbeddingWriter: EmbeddingOutput {
    static let format = "mpi-vae embeddings"

    private let result: ResultFile
    private let mean: Dataset
    private let logVariance: Dataset
    private let reconstruction: Dataset
    private let kl: Dataset
    private let elbo: Dataset
    private let row: Dataset
    private let split: Dataset
    private let sourceIndex: Dataset
    /// Of models that know of classes.
    private let predicted: Dataset?
    private let probabilities: Dataset?
    /// Of topic models.
    private let topicShares: Dataset?
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private let sources: [DataSource]

    init(_ path: String, sources: [DataSource], _ model: Model, checkpoint: Checkpoint) throws {
        let latentSize = model.latentSize
        self.sources = sources
        let count = sources.reduce(0) { $0 + $1.rowCount }
        // Every column uncompressed, and strings of moderate length.
        let result = try ResultFile(path, format: Self.format, byteCount: count * (8 * latentSize + 4 * model.topicCount + 160))
        self.result = result
        func column<Number: HDF5Number>(
            _ path: String, _ type: Number.Type, width: Int? = nil, _ meaning: String, units: String = "1"
        ) throws -> Dataset {
            let dataset = try result.column(path, type, shape: width.map { [count, $0] } ?? [count], meaning, units: units)
            try result.writing { try $0.nameDimensions(of: path, width == nil ? ["sample"] : ["sample", "latent"]) }
            return dataset
        }
        func copied(_ path: String, of values: [RowValues?], _ meaning: String) throws -> CopiedColumn? {
            let column = try result.writing { try CopiedColumn(path, of: values, in: $0, count: count) }
            guard column != nil else { return nil }
            try result.describe(path, meaning)
            try result.writing { try $0.nameDimensions(of: path, ["sample"]) }
            return column
        }
        mean = try column("/latent/mean", Float.self, width: latentSize, "mean of the posterior q(z|x)")
        logVariance = try column(
            "/latent/log_variance", Float.self, width: latentSize, "logarithm of the variance of the posterior q(z|x)")
        reconstruction = try column(
            "/reconstruction_error", Float.self, "-log p(x|z), z drawn from the posterior", units: "nats")
        kl = try column("/kl", Float.self, "KL divergence of the posterior from the prior", units: "nats")
        elbo = try column("/elbo", Float.self, "evidence lower bound, -(reconstruction error + KL)", units: "nats")
        row = try column("/row", Int64.self, "row of the source, from 0; of several files, counted on")
        split = try column("/split", UInt8.self, "what the row was used for: 0 train, 1 validation, 2 test, 3 new")
        sourceIndex = try column("/source", UInt8.self, "which of the root attribute sources the row is from")
        let classes = checkpoint.classes
        probabilities =
            classes.isEmpty
            ? nil : try column("/class_probability", Float.self, width: classes.count, "probability of each class by the mean")
        predicted = try result.writing { file in
            if classes.isEmpty { return nil }
            try file.nameDimensions(of: "/class_probability", ["sample", "class"])
            try file.setAttribute("classes", .strings(classes), of: "/class_probability")
            return try file.createStrings("/predicted_label", count: count)
        }
        if predicted != nil { try result.describe("/predicted_label", "likeliest class by the mean") }
        topicShares =
            model.topicCount > 0
            ? try column(
                "/topic_share", Float.self, width: model.topicCount, "share of each topic, softmax of the posterior's mean")
            : nil
        labels = try copied("/label", of: sources.map(\.labels), "label of the row in the source")
        ids = try copied("/id", of: sources.map(\.ids), "id of the row in the source")
        try result.writing { file in
            try file.setAttribute("sources", .strings(sources.map(\.name)))
            try file.setAttribute("configuration", .string(checkpoint.configuration))
            try file.setAttribute("step", .integer(Int64(checkpoint.progress.step)))
            try file.setAttribute("values", .strings(Part.allCases.map(\.name)), of: "/split")
        }
    }

    /// Writes the codes of some rows of a source, which lie at `place` in the file. Throws ``Failure``.
    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let target = place..<place + rows.count
        let rows = item.source.selection.rows(rows)
        let index = sources.firstIndex { $0 === item.source }!
        try result.writing { _ in
            try mean.write(codes.mean.pointer, rows: target)
            try logVariance.write(codes.logVariance.pointer, rows: target)
            try reconstruction.write(codes.reconstruction.pointer, rows: target)
            try kl.write(codes.kl.pointer, rows: target)
            let bounds = (0..<rows.count).map { codes.elbo($0) }
            try elbo.write(bounds, rows: target)
            try row.write(rows, rows: target)
            try split.write(rows.map { item.part(Int($0)).rawValue }, rows: target)
            try probabilities?.write(codes.classProbabilities.pointer, rows: target)
            try topicShares?.write(codes.topicShares.pointer, rows: target)
            try predicted?.write((0..<rows.count).map { codes.predicted($0) }, rows: target)
            try sourceIndex.write([UInt8](repeating: UInt8(index), count: rows.count), rows: target)
        }
        try labels?.copy(from: item.source.labels, rows: rows, to: target)
        try ids?.copy(from: item.source.ids, rows: rows, to: target)
    }

    /// Closes the file and gives it its name. Throws ``Failure``.
    func finish() throws { try result.finish() }
}
