internal import Datasets
internal import Distributed
internal import Randomness
internal import Support
package import VAE

/// Figures of a model on some rows, in nats, averaged over rows; sums over features and latents.
package struct Evaluation: Sendable, Equatable {
    private let sums: LossSums

    package init(_ sums: LossSums) { self.sums = sums }

    /// The number of rows, each used once.
    package var rows: Int { sums.rowCount }
    /// The evidence lower bound, `-(reconstruction + kl)` (Kingma & Welling 2014, equation 3), with one sample of the posterior.
    package var elbo: Double { EvidenceLowerBound.bound(sums) }
    /// `-log p(x|z)`, or the squared error for the likelihood `mse`.
    package var reconstruction: Double { sums.mean(EvidenceLowerBound.reconstruction) }
    /// `KL(q(z|x) || p(z))`; 0 for a plain autoencoder.
    package var kl: Double { sums.mean(EvidenceLowerBound.kl) }
    /// Each of the objective's terms, in its order.
    var terms: [Double] { EvidenceLowerBound.terms.map { sums.mean($0) } }

    /// What training lowers, with the KL term's last weight.
    package func loss(beta: Double) -> Double { reconstruction + beta * kl }
}

/// Evaluates a model on rows that are spread over the ranks by a ``BlockPlan``.
package final class Evaluator {
    private let world: World
    private let pool: WorkerPool
    private let rows: EvaluationRows
    private let applied: AppliedModel
    private let buffers: [BatchBuffer]
    private let noise: NoiseKey

    init(world: World, pool: WorkerPool, rows: EvaluationRows, preparation: Preparation, _ applied: AppliedModel, seed: UInt64) {
        self.world = world
        self.pool = pool
        self.rows = rows
        self.applied = applied
        buffers = (0..<pool.count).map { _ in
            BatchBuffer(capacity: BlockPlan.blockSize, format: rows.format, preparation: preparation)
        }
        // The same noise whenever the same rows are evaluated, so that epochs can be compared.
        noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
    }

    /// The model's figures over all rows of all ranks. Collective. Throws ``SharedFailure`` where rows cannot be read.
    package func evaluate() throws -> Evaluation {
        var sums = [LossSums](repeating: LossSums(), count: rows.blocks.count)
        Activity.count(rows.plan.rowCount, "rows")
        try world.together {
            try sums.withUnsafeMutableBufferPointer { sums in
                nonisolated(unsafe) let sums = sums
                try rows.forEachPiece { blocks, store in
                    let first = rows.plan.rows(of: blocks).lowerBound
                    pool.run { worker in
                        for index in ShardPlan.part(worker, of: pool.count, count: blocks.count) {
                            let block = blocks.lowerBound + index
                            let own = rows.plan.rows(ofBlock: block)
                            Heartbeat.beat()
                            Activity.advance(by: own.count * world.size)
                            let batch = buffers[worker].fill(count: own.count, noise: noise) {
                                store.row(own.lowerBound - first + $0)
                            }
                            sums[block - rows.blocks.lowerBound] = applied[worker].evaluate(
                                batch, applied.parameters, noise: noise)
                        }
                    }
                }
            }
        }
        return Evaluation(try world.fold(sums))
    }
}

extension World {
    /// The sum of all ranks' parts, added one after the other in rank order. Collective.
    package func fold(_ parts: [LossSums]) throws -> LossSums {
        try communicator.allGather(parts).joined().reduce(into: LossSums()) { $0 += $1 }
    }
}
