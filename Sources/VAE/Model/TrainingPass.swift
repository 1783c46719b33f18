public import Randomness
internal import Support

/// A pass of rows through a model and back: to the gradients of all parameters, summed by shards. The threads of a team share it; all memory is
/// taken once.
public final class TrainingPass {
    /// The rows that can go through at once.
    public let capacity: Int
    /// Where the time of each worker went so far.
    public let times: UnsafeMutableBufferPointer<ComputeTimes>
    private let model: Model
    private let trainsEncoder: Bool
    private let parts: Parts
    private let memory: AlignedBuffer

    private struct Parts {
        let forward: ForwardPass
        /// Of objectives that take several codes of each row.
        let importance: ImportancePass?
        let gradients: GradientBuffers
        /// With regard to codes and to the encoder's output, of all rows.
        let dz: UnsafeMutablePointer<Float>
        let dhead: UnsafeMutablePointer<Float>
        /// By worker.
        let scratch: [UnsafeMutablePointer<Float>]

        init(_ model: Model, _ plan: PassPlan, workers: Int, _ memory: PassMemory) {
            let samples = model.samples
            forward = ForwardPass(model, plan, memory, samples: samples)
            importance = samples > 1 ? ImportancePass(forward, plan, workers: workers, memory) : nil
            gradients = GradientBuffers(rows: samples * plan.rows, widest: model.widest, memory)
            dz = memory.floats(samples * plan.rows * model.latent.size)
            dhead = memory.floats(plan.rows * model.latent.headSize)
            let bytes = ForwardPass.scratchBytes(model, plan, samples: samples)
            scratch = (0..<workers).map { _ in memory.floats((bytes + 3) / 4) }
        }
    }

    /// - Parameters:
    ///   - rows: that go through at once, at most.
    ///   - workers: the threads of the team.
    ///   - folds: the ways in which gradients will be summed.
    ///   - trainsEncoder: false where nobody wants the gradients of the encoder's parameters, which then stay what they are: it is applied as
    ///     when it is trained, without dropout and by its running statistics.
    public init(_ model: Model, rows: Int, workers: Int = 1, folds: [ShardFold], trainsEncoder: Bool = true) {
        precondition(rows > 0 && workers > 0)
        self.model = model
        self.trainsEncoder = trainsEncoder
        capacity = rows
        let plan = PassPlan(precision: model.precision, use: .training, rows: rows, folds: folds)
        (parts, memory) = PassMemory.allocate { Parts(model, plan, workers: workers, $0) }
        times = .allocate(capacity: workers)
        times.initialize(repeating: ComputeTimes())
    }

    deinit { times.deallocate() }

    /// The bytes that such a pass takes.
    public static func byteCount(_ model: Model, rows: Int, workers: Int, folds: [ShardFold]) -> Int {
        let plan = PassPlan(precision: model.precision, use: .training, rows: rows, folds: folds)
        return PassMemory.byteCount { Parts(model, plan, workers: workers, $0) }
    }

    /// Writes the gradient of `scale` times the sum over the rows of `weight * (reconstruction + beta * kl)`, summed by shards; or, for importance
    /// samples, of `-weight` times their bound, whose beta is 1.
    ///
    /// Every member of the team calls it, each takes its part of the rows through the network and computes its part of the sums; the
    /// bits do not depend on how many they are. ``add(_:_:to:)`` then gives the loss.
    ///
    /// - Precondition: the parameters are packed; `fold` is one of those that the pass was made for, and the batch has its rows.
    public func gradient(
        of batch: Batch, _ parameters: PreparedParameters, noise key: NoiseKey, beta: Float, scale: Float, summed fold: ShardFold,
        by member: TeamMember = .alone
    ) {
        let step = PassStep(
            parameters: parameters, rows: member.part(of: batch.rowCount), member: member, scratch: parts.scratch[member.worker],
            conditions: batch.conditions, training: TrainingStep(fold: fold, scale: scale, noise: key, rowNumbers: batch.rows))
        let (forward, latent) = (parts.forward, model.latent)
        let (row, count) = (step.rows.lowerBound, step.rows.count)
        let spent = times.baseAddress! + member.worker
        var watch = Stopwatch()
        forward.encode(batch, trainsEncoder ? step : step.applying)
        spent.pointee.forward += watch.lap()
        if let importance = parts.importance {
            let several = importance.repeated(batch, step, fold)
            importance.sample(batch, key, step)
            spent.pointee.noise += watch.lap()
            forward.decode(importance.z, several)
            spent.pointee.forward += watch.lap()
            importance.measure(batch, scale: scale, step)
            spent.pointee.loss += watch.lap()
            forward.decoder.backward(
                importance.z, forward.decoder.output, into: trainsEncoder ? parts.dz : nil, by: parts.gradients, fold.ofSamples!,
                several)
        } else {
            forward.sample(batch, key, scale: (scale * beta, scale), step)
            spent.pointee.noise += watch.lap()
            forward.decode(forward.z, step)
            spent.pointee.forward += watch.lap()
            forward.measure(batch, scale: scale, step)
            spent.pointee.loss += watch.lap()
            forward.decoder.backward(
                forward.z, forward.decoder.output, into: trainsEncoder ? parts.dz : nil, by: parts.gradients, fold, step)
            forward.classes?.backward(
                forward.z, klScale: scale * beta, addingTo: trainsEncoder ? parts.dz : nil, by: parts.gradients, fold, step)
        }
        if trainsEncoder {
            if let importance = parts.importance {
                importance.backward(dz: parts.dz, into: parts.dhead, step)
            } else {
                latent.backward(
                    forward.encoder.output + row * latent.headSize, noise: forward.noise + row * latent.noiseSize,
                    dz: parts.dz + row * latent.size, klWeight: scale * beta, weights: batch.weights + row,
                    into: parts.dhead + row * latent.headSize, rows: count)
            }
            forward.encoder.backward(batch.seen, parts.dhead, into: nil, by: parts.gradients, fold, step)
        }
        spent.pointee.backward += watch.lap()
    }

    /// Adds what the last pass's rows give of the loss to sums over rows, one row after the other.
    public func add(_ batch: Batch, _ rows: Range<Int>, to sums: inout LossSums) { parts.forward.add(batch, rows, to: &sums) }
}
