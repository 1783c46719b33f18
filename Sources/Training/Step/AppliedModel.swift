internal import Datasets
package import VAE

/// A model that this rank's threads apply to rows.
package struct AppliedModel {
    package let model: Model
    /// Packed whenever they changed, see ``PreparedParameters/pack(by:)``.
    package let parameters: PreparedParameters
    /// One for each worker, for a block of rows at once.
    package let workers: [Inference]

    package init(_ model: Model, _ parameters: PreparedParameters, threads: Int) {
        self.model = model
        self.parameters = parameters
        workers = (0..<threads).map { _ in Inference(model, rows: BlockPlan.blockSize) }
    }

    /// What a worker works with.
    package subscript(worker: Int) -> Inference { workers[worker] }
}

extension Inference.Rows {
    /// The first four of a sweep's columns: mean, log variance, reconstruction, KL.
    package init(_ columns: [UnsafeMutablePointer<Float>]) {
        self.init(mean: columns[0], logVariance: columns[1], reconstruction: columns[2], kl: columns[3])
    }
}
