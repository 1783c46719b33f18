package import Datasets
package import Distributed
internal import Foundation
package import Logging
internal import Support
package import VAE

/// All that one rank needs to take steps: its rows, the model, its threads, the reduction that it shares with the other ranks,
/// and the trainer that brings them together.
package final class Replica {
    /// With the numbers of shards and of rows at once as they were decided.
    package let configuration: Configuration
    package let world: World
    package let data: RunData
    package let model: Model
    /// The classes that the model knows; empty where labels are no matter.
    package let classes: [String]
    package let pool: WorkerPool
    /// For rows that are not trained on.
    package let applied: AppliedModel
    package let reduction: any GradientReduction
    package let trainer: Trainer
    /// nil where there is nothing to validate on.
    package let validation: Evaluator?
    /// What of the data decides the bits.
    package let dataIdentity: DataIdentity
    /// What this rank takes besides its rows.
    package let memory: MemoryPlan

    package var shardCount: Int { configuration.training.shards }

    /// Opens the data and takes memory; with a checkpoint it begins where that stands. Collective.
    ///
    /// - Throws: ``SharedFailure``, or what MPI threw.
    package init(_ given: Configuration, resumed: ResumeState?, world: World, log: Logger) throws {
        let plan = try ReplicaPlan(given, resumed: resumed, world: world, log: log)
        (configuration, data, dataIdentity, model, memory) = (
            plan.configuration, plan.data, plan.identity, plan.model, plan.memory
        )
        self.world = world
        classes = plan.classes?.names ?? []
        let (training, threads) = (plan.configuration.training, plan.configuration.run.threads)
        pool = WorkerPool(count: threads)
        reduction = try plan.makeReduction(world: world, pool: pool, log: log)
        applied = AppliedModel(
            model, PreparedParameters(reduction.parameters.baseAddress!, of: model, for: .training), threads: threads)

        let rows = try data.trainingRows(plan.configuration, measured: resumed?.preparation, world: world, pool: pool, log: log)
        let held = try world.together { [data] in try data.blocks(.validation, beside: rows, world: world) }
        validation = held.map { [applied, data, pool] in
            Evaluator(world: world, pool: pool, rows: $0, preparation: data.preparation, applied, seed: training.seed)
        }
        trainer = Trainer(
            configuration: plan.configuration, world: world, applied, reduction: reduction, data: rows,
            classes: plan.classes?.places ?? [],
            preparation: data.preparation, pool: pool,
            progress: resumed?.progress(of: rows.shards) ?? Progress(sums: rows.shards.map { _ in LossSums() }))
        try reduction.setParameters { [model] parameters in
            if let resumed { return resumed.copyParameters(to: parameters) }
            model.initialize(parameters, seed: training.seed)
            plan.start?.copyParameters(to: parameters, of: model.layout)
        }
        if world.isRoot, let start = plan.start { start.describe(log, plan.configuration) }
        try resumed?.copyMoments(to: trainer.optimizer, ranges: reduction.ownedRanges, world: world)
    }

    /// Says what is trained on what, by whom.
    package func describe(_ log: Logger) {
        guard world.isRoot else { return }
        let model = configuration.model
        log.notice(
            """
            data: \(data.source.description); \(data.count(.train)) to train on, \(data.count(.validation)) to validate, \
            \(data.count(.test)) to test
            """)
        log.notice(
            """
            model: \(model.model.rawValue), \(networkText(of: model))hidden \(model.hidden), latent \(model.latent), \(configuration.likelihoodText), \
            \(self.model.layout.parameterCount) parameters
            """)
        if let layoutText { log.notice("\(layoutText)") }
        log.notice(
            """
            \(world.size) ranks of \(configuration.run.threads) threads, \(shardCount) shards, global batch \
            \(configuration.training.globalBatch), \(trainer.stepsPerEpoch) steps per epoch
            """)
        let training = configuration.training
        if let part = training.freeze.part {
            let count = self.model.layout.entries(of: part).reduce(0) { $0 + ($1.role == .statistic ? 0 : $1.range.count) }
            log.notice("frozen: the \(count) parameters of the \(part.rawValue)")
        }
        if trainer.progress.step > 0 { return log.notice("going on after step \(trainer.progress.step)") }
        // Rows that cannot be read are for training to speak of.
        for line in (try? TrainingAdvice(self).lines()) ?? [] { log.notice("\(line)") }
    }

    private func networkText(of model: Configuration.Model) -> String {
        if !model.encoder.isEmpty { return "encoder \(model.encoder), " }
        return model.network == .mlp ? "" : "\(model.network.rawValue) \(model.channels), "
    }

    /// What the rows are taken for, by networks that ask; nil for others.
    private var layoutText: String? {
        let (model, shape) = (configuration.model, data.source.rowShape)
        guard !configuration.isPlain, let map = try? configuration.map(shape) else { return nil }
        let other = model.layout == .auto ? " (if they are not, say what by --layout)" : ""
        return "rows of shape \(shape) are taken for \(map.layout.rawValue), maps of \(map.text)\(other)"
    }
}
