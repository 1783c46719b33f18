internal import CKernels
package import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Randomness
package import Support
internal import Training
internal import VAE

/// A data set to embed, and what each of its rows was used for.
package struct EmbeddedSource {
    package let source: DataSource
    let part: (_ row: Int) -> Part
}

/// Writes the latent codes of every row, in the data sets' order, with what is needed to join them to the data again.
final class Embedder {
    private let world: World
    private let pool: WorkerPool
    private let applied: AppliedModel
    private let noise: NoiseKey
    private let preparation: Preparation

    init(world: World, pool: WorkerPool, _ applied: AppliedModel, seed: UInt64, preparation: Preparation) {
        self.world = world
        self.pool = pool
        self.applied = applied
        self.preparation = preparation
        // As in evaluation, so that the rows' figures average to it.
        noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
    }

    /// Embeds all rows of the sources, one source after the other, into one file. Collective.
    ///
    /// Root writes; memory does not grow with the number of rows.
    ///
    /// - Parameters:
    ///   - format: what kind of file.
    ///   - withInput: whether it is to be a copy of the input with the codes in it.
    ///   - csvSafe: whether no cell of CSV may begin like a formula.
    ///   - figures: gets the rows' figures, on root.
    /// - Returns: on root, what users should know of it.
    @discardableResult
    func write(
        _ sources: [EmbeddedSource], to path: String, checkpoint: Checkpoint, format: EmbeddingFormat = .hdf5,
        withInput: Bool = false, csvSafe: Bool = false, addingTo figures: PartFigures? = nil
    ) throws -> [String] {
        let latentSize = applied.model.latentSize
        let topicCount = applied.model.topicCount
        var writer: (any EmbeddingOutput)?
        try world.onRoot {
            writer = try format.open(
                path, sources: sources.map(\.source), applied, checkpoint: checkpoint, withInput: withInput, csvSafe: csvSafe)
        }
        var first = 0
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        for item in sources {
            try sweep.run(
                item.source, item.source.selection, columns: [latentSize, latentSize, 1, 1, checkpoint.classes.count, topicCount]
            ) { worker, batch, columns in
                applied[worker].evaluate(batch, applied.parameters, noise: noise, into: .init(columns))
                applied[worker].classify(columns[0], rowCount: batch.rowCount, applied.parameters, into: columns[4])
                if topicCount > 0 { kernel_softmax(columns[5], columns[0], batch.rowCount, topicCount) }
            } receive: { rows, columns in
                let codes = Codes(
                    mean: columns[0], logVariance: columns[1], reconstruction: columns[2], kl: columns[3], latentSize: latentSize,
                    classes: checkpoint.classes, classProbabilities: columns[4], topicShares: columns[5])
                try writer!.write(
                    codes, source: item, rows: rows, at: first + rows.lowerBound)
                try figures?.add(codes, item, rows)
            }
            first += item.source.rowCount
        }
        try world.onRoot { try writer!.finish() }
        return writer?.notes ?? []
    }
}

/// What the encoder says of some rows.
package struct Codes {
    /// `[rowCount, latentSize]`
    package let mean: AlignedBuffer
    package let logVariance: AlignedBuffer
    /// `[rowCount]`, nats
    package let reconstruction: AlignedBuffer
    package let kl: AlignedBuffer
    let latentSize: Int
    /// That the model knows, and the probabilities that its classifier gives them by the mean, `[rowCount, classes]`; empty where labels are no matter.
    let classes: [String]
    let classProbabilities: AlignedBuffer
    /// softmax of the mean, `[rowCount, latentSize]`; empty where latents are no logits of shares.
    let topicShares: AlignedBuffer

    /// The likeliest class of a row.
    func predicted(_ row: Int) -> String {
        classes[ClassAccuracy.largest(classProbabilities.pointer + row * classes.count, classes.count)]
    }

    /// The evidence lower bound of a row.
    package func elbo(_ row: Int) -> Float { -(reconstruction.pointer[row] + kl.pointer[row]) }
}
