internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// Embeddings as an AnnData file (on-disk format 0.1.0): `obsm/X_vae`, and columns in `obs`; of linear decoders the loadings as `varm/vae_loadings`.
///
/// They are written beside copies of the input's `obs` and `var` (``AnnDataFrames``), without X, or into a copy of the whole input.
final class AnnDataWriter: EmbeddingOutput {
    private let result: ResultFile
    private let codes: Dataset
    private let figures: [Dataset]
    private let split: TextColumn
    /// Of models that know of classes.
    private let predicted: TextColumn?
    private let probabilities: Dataset?
    /// Of topic models.
    private let topicShares: Dataset?
    private let labels: LabelColumn?
    /// nil where the index was copied.
    private let index: Dataset?
    let notes: [String]

    /// A file with `obs` and `var` of the input, if it is one AnnData file all of whose rows are embedded; else with the ids and the
    /// features' names alone.
    convenience init(_ path: String, sources: [DataSource], _ applied: AppliedModel, checkpoint: Checkpoint) throws {
        var notes: [String] = []
        let original = try Self.original(of: sources, &notes)
        let count = sources.reduce(0) { $0 + $1.rowCount }
        // Strings take at most what the original has.
        let result = try ResultFile(
            path, format: nil,
            byteCount: Self.byteCount(count, applied.model) + (original.map { min($0.byteCount, 1 << 30) } ?? 0))
        let names = sources[0].featureNames ?? []
        let hasFeatures = original?.frames.has("/var") == true
        let index: Dataset? = try result.writing { file in
            try file.encode("/", "anndata", "0.1.0")
            try original?.frames.copy(into: file)
            if !hasFeatures {
                try Self.frame(file, "/var", count: names.count).write(names, rows: 0..<names.count)
            }
            return original?.frames.has("/obs") == true ? nil : try Self.frame(file, "/obs", count: count)
        }
        let target = try result.writing { try AnnDataTarget($0, root: "", isOld: false) }
        try self.init(
            result, target, index, notes + (original?.frames.notes ?? []), sources, applied, checkpoint,
            hasFeatures: hasFeatures || !names.isEmpty)
    }

    /// A copy of the input with what is new in it. Throws ``Failure`` (64) unless it is one AnnData file all of whose rows are embedded.
    convenience init(withInput path: String, sources: [DataSource], _ applied: AppliedModel, checkpoint: Checkpoint) throws {
        let source = sources[0]
        guard sources.count == 1, let input = source.onlyFile else {
            throw Failure(.usage, "--with-input copies one AnnData file, but \(source.name) are several: leave it out")
        }
        guard source.selection.count == source.selection.universe else {
            throw Failure(
                .usage,
                "--with-input: only \(source.rowCount) of \(source.selection.universe) rows of \(source.name) are embedded, but a copy has all: "
                    + "leave it out, or embed all")
        }
        guard let frame = input.rowFrame, frame.isGroup, frame.path.hasSuffix("/obs"), try input.hasRowNames() else {
            throw Failure(
                .usage,
                "--with-input: \(source.name) has no obs of AnnData (0.7 or newer) with its \(source.rowCount) rows: leave it out"
            )
        }
        let result = try ResultFile(
            path, copyOf: input.path, byteCount: Self.byteCount(source.rowCount, applied.model))
        let root = String(frame.path.dropLast("/obs".utf8.count))
        let target = try result.writing { try AnnDataTarget($0, root: root, isOld: frame.isOld) }
        try self.init(
            result, target, nil, [], sources, applied, checkpoint,
            hasFeatures: input.featureFrame?.path == "\(root)/var" && source.columns == nil)
    }

    /// - Parameter hasFeatures: whether `var` has the model's features.
    private init(
        _ result: ResultFile, _ target: AnnDataTarget, _ index: Dataset?, _ notes: [String], _ sources: [DataSource],
        _ applied: AppliedModel, _ checkpoint: Checkpoint, hasFeatures: Bool
    ) throws {
        (self.result, self.index) = (result, index)
        let latentSize = applied.model.latentSize
        let loadings = applied.model.loadings(applied.parameters)
        let count = sources.reduce(0) { $0 + $1.rowCount }
        var target = target
        (codes, figures, split, labels, predicted, probabilities, topicShares) = try result.writing { _ in
            let codes = try target.floats(try target.element("obsm", "X_vae"), [count, latentSize])
            let figures = try ["reconstruction_error", "kl", "elbo"].map { try target.floats(try target.column($0), [count]) }
            let split = try target.texts("split", Part.allCases.map(\.name), count: count)
            let labels = try target.labels(of: sources, count: count)
            let classes = checkpoint.classes
            let predicted = try classes.isEmpty ? nil : target.texts("predicted_label", classes, count: count)
            let probabilities =
                try classes.isEmpty
                ? nil : target.floats(try target.element("obsm", "vae_class_probabilities"), [count, classes.count])
            let topicShares =
                try applied.model.topicCount > 0
                ? target.floats(try target.element("obsm", "vae_topic_shares"), [count, applied.model.topicCount]) : nil
            try target.finishColumns()
            if hasFeatures, let loadings { try Self.write(loadings, to: target) }
            try target.write(
                [
                    ("program", ["mpi-vae \(programVersion)"]), ("configuration", [checkpoint.configuration]),
                    ("step", [String(checkpoint.progress.step)]), ("sources", sources.map(\.name)),
                ] + (classes.isEmpty ? [] : [("classes", classes)]), to: try target.element("uns", "vae"))
            return (codes, figures, split, labels, predicted, probabilities, topicShares)
        }
        let isFirst = codes.path.hasSuffix("/obsm/X_vae")
        let withoutLoadings = loadings != nil && !hasFeatures
        self.notes =
            notes + (withoutLoadings ? ["the loadings are not in the file, whose var has not the model's features"] : [])
            + (isFirst ? [] : ["obsm/X_vae is there already and stays: the codes are \(codes.path)"])
    }

    /// At least what the columns take, uncompressed, with strings of moderate length.
    private static func byteCount(_ count: Int, _ model: Model) -> Int {
        count * (4 * (model.latentSize + model.topicCount) + 160) + 4 * model.latentSize * model.inputSize
    }

    /// `[features, latents]`, as AnnData has what belongs to features.
    private static func write(_ loadings: Loadings, to target: AnnDataTarget) throws {
        let (latents, features) = (loadings.latents, loadings.features)
        let dataset = try target.floats(try target.element("varm", "vae_loadings"), [features, latents])
        let turned = (0..<features * latents).map { loadings.values[$0 % latents * features + $0 / latents] }
        try dataset.write(turned, rows: 0..<features)
    }

    /// The frames that can be taken as they are, and the bytes of the file that they are in.
    private static func original(
        of sources: [DataSource], _ notes: inout [String]
    ) throws -> (frames: AnnDataFrames, byteCount: Int)? {
        guard sources.count == 1, let input = sources[0].onlyFile else {
            if sources.contains(where: \.isAnnotated) {
                notes.append("obs and var are not copied: the rows are of several files")
            }
            return nil
        }
        guard let frame = input.rowFrame else { return nil }
        guard sources[0].selection.count == sources[0].selection.universe else {
            notes.append("obs and var are not copied: only some rows are embedded")
            return nil
        }
        let (path, rows, features) = (input.path, sources[0].rowCount, sources[0].features)
        var paths = [frame.path]
        if let features = input.featureFrame {
            if sources[0].columns == nil {
                paths.append(features.path)
            } else {
                notes.append("var has names alone, for features were chosen or put in order")
            }
        }
        try FileProbe.framesSurvive(path, paths, rows: rows, features: features)
        do throws(HDF5Error) {
            return (try AnnDataFrames(path, paths, rows: rows, features: features), try File.open(path).size)
        } catch {
            throw Failure(error)
        }
    }

    /// Makes a table without columns, and gives its index.
    private static func frame(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Dataset {
        try file.createGroup(path)
        try file.encode(path, "dataframe", "0.2.0")
        try file.setAttribute("_index", .string("_index"), of: path)
        try file.setAttribute("column-order", .strings([]), of: path)
        let index = try file.createStrings("\(path)/_index", count: count)
        try file.encode(index.path, "string-array", "0.2.0")
        return index
    }

    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws {
        let target = place..<place + rows.count
        let rows = item.source.selection.rows(rows)
        try result.writing { _ in
            try self.codes.write(codes.mean.pointer, rows: target)
            try figures[0].write(codes.reconstruction.pointer, rows: target)
            try figures[1].write(codes.kl.pointer, rows: target)
            try figures[2].write((0..<rows.count).map { codes.elbo($0) }, rows: target)
            try predicted?.write((0..<rows.count).map { codes.predicted($0) }, rows: target)
            try probabilities?.write(codes.classProbabilities.pointer, rows: target)
            try topicShares?.write(codes.topicShares.pointer, rows: target)
            try split.write(rows.map { item.part(Int($0)).name }, rows: target)
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
