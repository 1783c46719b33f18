internal import VAE

/// A model that this rank's threads apply to rows.
struct AppliedModel {
    let model: Model
    /// Packed whenever they changed, see ``PreparedParameters/pack(by:)``.
    let parameters: PreparedParameters
    /// One for each worker, for a block of rows at once.
    let workers: [Inference]

    init(_ model: Model, _ parameters: PreparedParameters, threads: Int) {
        self.model = model
        self.parameters = parameters
        workers = (0..<threads).map { _ in Inference(model, rows: BlockPlan.blockSize) }
    }

    /// What a worker works with.
    subscript(worker: Int) -> Inference { workers[worker] }
}

extension Inference.Rows {
    /// The first four of a sweep's columns: mean, log variance, reconstruction, KL.
    init(_ columns: [UnsafeMutablePointer<Float>]) {
        self.init(mean: columns[0], logVariance: columns[1], reconstruction: columns[2], kl: columns[3])
    }
}
