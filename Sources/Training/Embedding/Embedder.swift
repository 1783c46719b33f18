internal import Distributed
internal import Foundation
internal import HDF5
internal import VAE

/// A data set to embed, and what each of its rows was used for.
struct EmbeddedSource {
    let source: DataSource
    let part: (_ row: Int) -> Part
}

/// Writes the latent codes of every row, in the data sets' order, with what is needed to join them to the data again.
final class Embedder {
    private let world: World
    private let pool: WorkerPool
    private let workspaces: [Workspace]
    private let latentSize: Int
    private let noise: NoiseKey
    private let preparation: Preparation
    /// Rows that a rank embeds at once: whole blocks, so that the shapes of all products are the same on any number of ranks.
    private static let rowsPerRound = 16 * BlockPlan.blockSize

    /// - Parameter workspaces: one per worker, of a model whose parameters are prepared.
    init(world: World, pool: WorkerPool, workspaces: [Workspace], latentSize: Int, seed: UInt64, preparation: Preparation) {
        self.world = world
        self.pool = pool
        self.workspaces = workspaces
        self.latentSize = latentSize
        self.preparation = preparation
        // As in evaluation, so that the rows' figures average to it.
        noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
    }

    /// Embeds all rows of the sources, one source after the other, into one file. Collective.
    ///
    /// Root writes; memory does not grow with the number of rows.
    func write(_ sources: [EmbeddedSource], to path: String, checkpoint: Checkpoint) throws {
        var writer: EmbeddingWriter?
        try world.onRoot {
            writer = try EmbeddingWriter(
                path, sources: sources.map(\.source), latentSize: latentSize, checkpoint: checkpoint)
        }
        var first = 0
        for item in sources {
            let rowCount = item.source.rowCount
            let round = Self.rowsPerRound * world.size
            let pieces = try world.together { [rank = world.rank] in
                try RowPieces(
                    item.source, preparation.allowed, count: (rowCount + round - 1) / round, capacity: Self.rowsPerRound
                ) { piece in
                    let first = min(piece * round + rank * Self.rowsPerRound, rowCount)
                    return item.source.selection.rows(first..<min(first + Self.rowsPerRound, rowCount))
                }
            }
            for start in stride(from: 0, to: rowCount, by: round) {
                // The ranks' rows follow each other, so root writes one stretch.
                let ranges = (0..<world.size).map { rank in
                    min(start + rank * Self.rowsPerRound, rowCount)..<min(start + (rank + 1) * Self.rowsPerRound, rowCount)
                }
                let codes = try gather(try embed(pieces), ranges: ranges)
                try world.onRoot {
                    try writer!.write(
                        codes!, source: item, rows: start..<ranges[world.size - 1].upperBound, at: first + start)
                }
            }
            first += rowCount
        }
        try world.onRoot { try writer!.finish() }
    }

    /// This rank's rows through the encoder.
    private func embed(_ pieces: RowPieces) throws -> Codes {
        let store = try world.together {
            if StopSignal.wasGiven {
                throw Failure(
                    .temporary, "stopped while embeddings were written; all else is complete: run the same command again")
            }
            return try pieces.next()
        }
        let codes = Codes(rowCount: store.count, latentSize: latentSize)
        let plan = BlockPlan(rowCount: store.count)
        pool.run { worker in
            let buffer = BatchBuffer(capacity: BlockPlan.blockSize, format: store.format, preparation: preparation)
            for block in ShardPlan.part(worker, of: pool.count, count: plan.blockCount) {
                let rows = plan.rows(ofBlock: block)
                Heartbeat.beat()
                workspaces[worker].encode(
                    buffer.fill(count: rows.count, noise: noise) { store.row(rows.lowerBound + $0) }, noise: noise,
                    mean: codes.mean.pointer + rows.lowerBound * latentSize,
                    logVariance: codes.logVariance.pointer + rows.lowerBound * latentSize,
                    reconstruction: codes.reconstruction.pointer + rows.lowerBound,
                    kl: codes.kl.pointer + rows.lowerBound)
            }
        }
        return codes
    }

    /// All ranks' codes, on root.
    private func gather(_ codes: Codes, ranges: [Range<Int>]) throws -> Codes? {
        let whole = world.isRoot ? Codes(rowCount: ranges.last!.upperBound - ranges[0].lowerBound, latentSize: latentSize) : nil
        let parts: [(KeyPath<Codes, AlignedBuffer>, Int)] = [
            (\.mean, latentSize), (\.logVariance, latentSize), (\.reconstruction, 1), (\.kl, 1),
        ]
        for (part, size) in parts {
            let places = ranges.map { range in
                (range.lowerBound - ranges[0].lowerBound) * size..<(range.upperBound - ranges[0].lowerBound) * size
            }
            try world.communicator.gather(
                codes[keyPath: part].pointer, ranges: places, into: whole?[keyPath: part].pointer)
        }
        return whole
    }
}

/// What the encoder says of some rows.
final class Codes {
    /// `[rowCount, latentSize]`
    let mean: AlignedBuffer
    let logVariance: AlignedBuffer
    /// `[rowCount]`, nats
    let reconstruction: AlignedBuffer
    let kl: AlignedBuffer

    init(rowCount: Int, latentSize: Int) {
        mean = AlignedBuffer(count: rowCount * latentSize)
        logVariance = AlignedBuffer(count: rowCount * latentSize)
        reconstruction = AlignedBuffer(count: rowCount)
        kl = AlignedBuffer(count: rowCount)
    }
}
