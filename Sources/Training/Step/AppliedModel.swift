internal import Datasets
package import VAE

/// A model that this rank's threads apply to rows.
package struct AppliedModel {
    package let model: Model
    /// Packed whenever they changed, see ``PreparedParameters/pack(by:)``.
    package let parameters: PreparedParameters
    /// One for each worker, for a block of rows at once or as many as there is memory for.
    package let workers: [Inference]

    package init(_ model: Model, _ parameters: PreparedParameters, threads: Int) {
        self.model = model
        self.parameters = parameters
        let rows = Self.rows(model)
        workers = (0..<threads).map { _ in Inference(model, rows: rows) }
    }

    private init(_ model: Model, _ parameters: PreparedParameters, _ workers: [Inference]) {
        (self.model, self.parameters, self.workers) = (model, parameters, workers)
    }

    /// The same with memory for a whole block of rows, whose activations are looked at.
    package var forWholeBlocks: AppliedModel {
        if workers[0].capacity >= BlockPlan.blockSize { return self }
        return AppliedModel(model, parameters, workers.map { _ in Inference(model, rows: BlockPlan.blockSize) })
    }

    /// The rows of a worker at once.
    static func rows(_ model: Model) -> Int { model.usualInferenceRows(most: BlockPlan.blockSize) }

    /// What a worker works with.
    package subscript(worker: Int) -> Inference { workers[worker] }
}

extension Inference.Rows {
    /// The first four of a sweep's columns: mean, log variance, reconstruction, KL.
    package init(_ columns: [UnsafeMutablePointer<Float>]) {
        self.init(mean: columns[0], logVariance: columns[1], reconstruction: columns[2], kl: columns[3])
    }
}
