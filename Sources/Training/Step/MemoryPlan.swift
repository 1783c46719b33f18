internal import Datasets
internal import Distributed
internal import Foundation
internal import Support
internal import VAE

/// The memory that this rank takes to train besides that of its rows, in bytes, counted before any of it is taken.
package struct MemoryPlan {
    /// What is taken from the beginning to the end.
    package let parts: [(name: String, bytes: Int)]
    /// What root takes while it writes a checkpoint and the best model beside it; 0 on the other ranks.
    let saving: Int
    /// Of all ranks of this rank's node.
    let nodeBytes: Int

    private let weightCount: Int

    package var total: Int { parts.reduce(saving) { $0 + $1.bytes } }

    /// Collective. Throws ``MPIError``.
    ///
    /// - Parameters:
    ///   - configuration: with the numbers of shards and of rows at once as they were decided.
    ///   - threads: that have shards to work on.
    init(_ configuration: Configuration, _ model: Model, threads: Int, world: World) throws {
        let layout = model.layout
        let (count, shards) = (layout.count, configuration.training.shards)
        let precision = configuration.training.precision
        let reduction =
            switch configuration.run.reduction {
            case .ordered:
                OrderedReduction.memory(world: world, parameterCount: count, shardCount: shards)
            case .allreduce: PlainAllReduce.memory(world: world, parameterCount: count, shardCount: shards)
            }
        let moments = OptimizerState.momentNames(configuration.optimizer.optimizer).count
        // A batch is kept as it is, with its mask and both side by side for the encoder, and corrupted.
        let copies = 1 + (model.specification.seesMask ? 3 : 0) + (configuration.corruption == nil ? 0 : 1)
        let tree = FoldTree(leafCount: shards)
        let own = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shards)
        let plan = GradientPlan(
            tree.cover(own), tree: tree, counts: own.map { _ in configuration.training.globalBatch / shards },
            capacity: configuration.training.microBatch, cutRows: precision.cutRows, termsPerRow: model.termsPerRow)
        let rows = plan.mostRows
        let folds = plan.passes.map { ShardFold($0.folds, gradients: [], samples: model.copies) }
        let exchange = configuration.training.wire == .bf16 ? reduction.exchange / 2 * 3 : reduction.exchange
        let clipped = configuration.optimizer.clipNorm > 0 ? 4 * reduction.owned : 0
        parts = [
            ("parameters", reduction.parameters),
            ("gradients", reduction.gradients + 4 * count * plan.extraCount + clipped),
            ("exchange", exchange),
            ("moments", 4 * moments * reduction.owned),
            // The newest state and the best.
            ("snapshots", 2 * 4 * (moments * reduction.owned + (world.isRoot ? count : 0))),
            ("packed weights", PreparedParameters.byteCount(model, for: .training)),
            (
                "activations",
                TrainingPass.byteCount(model, rows: max(rows, 1), workers: threads, folds: folds)
                    + threads * Inference.byteCount(model, rows: AppliedModel.rows(model))
            ),
            ("batches", (rows + threads * BlockPlan.blockSize) * model.inputSize * 4 * copies),
        ]
        // Both as they come together, one of them as a file in memory, and its bytes.
        saving = world.isRoot ? 4 * 4 * count * (1 + moments) : 0
        weightCount = layout.entries.reduce(0) { $0 + ($1.shape.count > 1 ? $1.range.count : 0) }
        nodeBytes = try world.sumOnNode(parts.reduce(saving) { $0 + $1.bytes })
    }

    /// Throws ``Failure`` (78) where there is not as much, which would end in a crash.
    func require(_ model: Model) throws {
        // Of what the node has this rank's share.
        let free = min(Double(availableMemory()) / Double(nodeBytes) * Double(total), Double(allowedMemory()))
        guard Double(total) < free else {
            throw Failure(
                .configuration,
                String(
                    format:
                        "the model has %.0f million weights, for which a rank needs more than %.1f GiB, but each can have only "
                        + "%.1f GiB: %@, fewer ranks on a node, or a larger limit of memory",
                    Double(weightCount) / 1e6, Double(total) / Double(1 << 30), free / Double(1 << 30),
                    model.keepsShardsWhole
                        ? "a smaller --global-batch or more --shards (the rows of a shard go through together)"
                        : "fewer --hidden units"))
        }
    }

    /// As text, of root.
    package var lines: [String] {
        func mebibytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }
        let list = parts.filter { $0.bytes > 0 }.map { "\($0.name) \(mebibytes($0.bytes))" }.joined(separator: ", ")
        return [
            "memory       of rank 0 besides its rows, in MiB: \(list); while it saves \(mebibytes(saving))",
            "             of all ranks of its node \(mebibytes(nodeBytes)) MiB",
        ]
    }
}
