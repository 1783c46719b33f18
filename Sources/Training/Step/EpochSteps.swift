internal import Distributed
internal import Support
internal import VAE

/// How the steps of an epoch go through the network on this rank, with the memory that takes: all but the last alike, and the last, to which
/// shards may give fewer rows.
struct EpochSteps {
    let usual: PreparedPlan
    let last: PreparedPlan
    /// The most rows of a pass.
    let mostRows: Int
    /// Sums that wait for others between passes.
    private let waiting: [AlignedBuffer]

    var folds: [ShardFold] { (usual.passes + last.passes).map(\.fold) }

    init(
        _ plan: ShardPlan, _ model: Model, _ reduction: any GradientReduction, shardBatch: Int, _ training: Configuration.Training
    ) {
        let (usual, last) = GradientPlan.ofEpoch(
            plan, reduction, shardBatch: shardBatch, capacity: training.microBatch, model)
        mostRows = max(usual.mostRows, last.mostRows)
        waiting = (0..<max(usual.extraCount, last.extraCount)).map { _ in AlignedBuffer(count: model.layout.count) }
        let isRounded = training.wire == .bf16
        self.usual = PreparedPlan(usual, reduction, memory: waiting, isRounded: isRounded, samples: model.copies)
        self.last = PreparedPlan(last, reduction, memory: waiting, isRounded: isRounded, samples: model.copies)
    }
}

/// A ``GradientPlan`` with its memory.
struct PreparedPlan {
    struct Pass {
        let rows: [GradientPlan.Rows]
        let rowCount: Int
        let fold: ShardFold
    }

    let passes: [Pass]

    /// - Parameters:
    ///   - memory: as many flat gradients as ``GradientPlan/extraCount``.
    ///   - samples: of each row.
    init(_ plan: GradientPlan, _ reduction: any GradientReduction, memory: [AlignedBuffer], isRounded: Bool, samples: Int) {
        let gradients = reduction.gradients + memory.prefix(plan.waitingCount).map(\.pointer)
        var rest = memory.dropFirst(plan.waitingCount).map(\.pointer)[...]
        let unfinished = plan.unfinished.map { $0 ? rest.popFirst()! : nil }
        passes = plan.passes.map {
            Pass(
                rows: $0.rows, rowCount: $0.rowCount,
                fold: ShardFold($0.folds, gradients: gradients, unfinished: unfinished, isRounded: isRounded, samples: samples))
        }
    }
}

extension GradientPlan {
    /// The flat gradients that it needs besides those of the reduction.
    var extraCount: Int { waitingCount + unfinished.count { $0 } }
}

extension GradientPlan {
    /// The most rows of a pass.
    var mostRows: Int { passes.map(\.rowCount).max()! }

    /// Of the steps of an epoch, and of its last one, to which shards may give fewer rows.
    static func ofEpoch(
        _ plan: ShardPlan, _ reduction: any GradientReduction, shardBatch: Int, capacity: Int, _ model: Model
    ) -> (usual: GradientPlan, last: GradientPlan) {
        let shards = reduction.nodes[0].leaves.lowerBound..<reduction.nodes[reduction.nodes.count - 1].leaves.upperBound
        func make(step: Int) -> GradientPlan {
            GradientPlan(
                reduction.nodes, tree: FoldTree(leafCount: plan.shardCount),
                counts: shards.map { plan.positions(ofShard: $0, step: step, shardBatch: shardBatch).count }, capacity: capacity,
                cutRows: model.precision.cutRows, termsPerRow: model.termsPerRow)
        }
        return (make(step: 0), make(step: plan.stepsPerEpoch(shardBatch: shardBatch) - 1))
    }
}
