import CKernels
import Foundation
import Randomness
import Support
import VAE

/// A batch with everything that goes with it.
final class Example {
    let configuration: ModelSpecification
    let model: Model
    let prepared: PreparedParameters
    let inference: Inference
    /// The rows that go through at once when gradients are computed.
    private let microBatch: Int
    let parameters: AlignedBuffer
    let rows: [[Float]]
    let rowNumbers: [Int64]
    let noise = NoiseKey(seed: 7, epoch: 3, purpose: .training)
    /// How much each row counts.
    let weights: [Float]
    /// Of each row; below 0 for those without a label.
    let classes: [Int32]
    /// A category of a row's, but one number of it.
    let conditions: [[Float]]
    private let conditionBuffer: AlignedBuffer
    private let classBuffer: AlignedMemory<Int32>
    private let input: AlignedBuffer
    private let mask: AlignedBuffer
    private let encoderInput: AlignedBuffer
    private let weightBuffer: AlignedBuffer

    init(
        _ configuration: ModelSpecification, rowCount: Int, microBatch: Int, isWeighted: Bool = false,
        precision: Precision = .fp32
    ) throws {
        self.configuration = configuration
        self.microBatch = microBatch
        model = Model(configuration, precision: precision)
        inference = Inference(model, rows: microBatch)
        parameters = AlignedBuffer(count: model.layout.count)
        model.initialize(parameters.pointer, seed: 5)
        // Biases other than 0, and gains other than 1, so that their place shows.
        for entry in model.layout.entries where !entry.name.hasSuffix("weight") {
            for i in entry.range { parameters.pointer[i] += 0.1 * sin(Float(i)) }
        }
        prepared = PreparedParameters(parameters.pointer, of: model, for: .training)
        prepared.pack()
        rowNumbers = (0..<rowCount).map { Int64($0 * 1_000_003 + 5) }
        let features = configuration.inputSize
        rows = (0..<rowCount).map { row in
            (0..<features).map { i in
                let isMissing = configuration.seesMask && (row * 5 + i * 3) % 4 == 1
                let unit = 0.5 + 0.5 * sin(Float(row * 31 + i * 17 + 1))
                // Counts are mostly 0.
                let part = configuration.parts.first { $0.columns.contains(i) }
                if let part, let place = part.columns.firstIndex(of: i), !part.categories.isEmpty {
                    return isMissing ? .nan : Float((row * 3 + i) % part.categories[place])
                }
                let isCount = (part?.likelihood ?? configuration.likelihood).make().support?.isWhole == true
                return isMissing ? .nan : isCount ? max(0, (12 * unit - 7).rounded()) : unit
            }
        }
        weights = (0..<rowCount).map { isWeighted ? 0.25 + Float($0 % 4) : 1 }
        classes = (0..<rowCount).map { Int32($0 % ((configuration.classes?.count ?? 0) + 2)) - 2 }
        let count = max(rowCount, 1)
        conditions = (0..<rowCount).map { row -> [Float] in
            (0..<configuration.conditionSize).map { place -> Float in
                if place == 0 { return 0.25 * Float(row - 2) }
                return place == 1 + row % 2 ? 1 : 0
            }
        }
        classBuffer = AlignedMemory<Int32>(count: count)
        for (row, number) in classes.enumerated() { classBuffer.pointer[row] = number }
        conditionBuffer = AlignedBuffer(count: max(1, count * configuration.conditionSize))
        for (place, number) in conditions.joined().enumerated() { conditionBuffer.pointer[place] = number }
        input = AlignedBuffer(count: count * features)
        mask = AlignedBuffer(count: count * features)
        encoderInput = AlignedBuffer(count: count * features * 2)
        weightBuffer = AlignedBuffer(count: count)
        for (row, values) in rows.enumerated() {
            weightBuffer.pointer[row] = weights[row]
            for (i, value) in values.enumerated() { input.pointer[row * features + i] = value }
        }
        kernel_take_missing(input.pointer, mask.pointer, rowCount * features)
        kernel_join_mask(input.pointer, mask.pointer, encoderInput.pointer, rowCount, features)
    }

    /// The gradient of all rows as those of one shard, which goes through in passes.
    func gradient(beta: Float = 1, scale: Float = 1, trainsEncoder: Bool = true) -> (LossSums, [Float]) {
        let gradient = AlignedBuffer(count: model.layout.count)
        let unfinished = (0..<3).map { _ in AlignedBuffer(count: model.layout.count) }
        // What was there before must not matter, but for the gaps.
        for entry in model.layout.entries {
            for i in entry.range {
                gradient.pointer[i] = .nan
                for sums in unfinished { sums.pointer[i] = .nan }
            }
        }
        var sums = LossSums()
        withBatch { batch in
            let folds = stride(from: 0, to: max(batch.rowCount, 1), by: microBatch).map { first in
                let count = min(microBatch, batch.rowCount - first)
                return ShardFold(
                    [ShardRows(rowCount: count, before: first, isLast: first + count == batch.rowCount)],
                    gradients: [gradient.pointer], unfinished: unfinished.map(\.pointer), samples: model.copies)
            }
            let pass = TrainingPass(model, rows: microBatch, folds: folds, trainsEncoder: trainsEncoder)
            var first = 0
            for fold in folds {
                let count = fold.rowCount
                let features = configuration.inputSize
                let piece = Batch(
                    input: batch.input + first * features, encoderInput: batch.encoderInput.map { $0 + 2 * first * features },
                    mask: batch.mask.map { $0 + first * features },
                    conditions: batch.conditions.map { $0 + first * configuration.conditionSize },
                    classes: batch.classes.map { $0 + first }, weights: batch.weights + first, rowCount: count,
                    rows: batch.rows + first)
                pass.gradient(of: piece, prepared, noise: noise, beta: beta, scale: scale, summed: fold)
                pass.add(piece, 0..<count, to: &sums)
                first += count
            }
        }
        return (sums, Array(UnsafeBufferPointer(start: gradient.pointer, count: gradient.count)))
    }

    /// The same by threads that share the rows, in one pass.
    func gradient(ofTeam count: Int) -> (LossSums, [Float]) { gradient(ofShards: [0..<rows.count], workers: count) }

    /// The sum of the gradients of shards that go through together.
    func gradient(ofShards shards: [Range<Int>], scale: Float = 1, workers count: Int = 1) -> (LossSums, [Float]) {
        let gradients = shards.map { _ in AlignedBuffer(count: model.layout.count) }
        let fold = ShardFold(
            shards.enumerated().map { ShardRows(rowCount: $1.count, destination: .gradient($0)) },
            gradients: gradients.map(\.pointer), samples: model.copies)
        let shared = TrainingPass(model, rows: rows.count, workers: count, folds: [fold])
        var sums = LossSums()
        withBatch { batch in
            let barrier = Barrier(count: count)
            nonisolated(unsafe) let (batch, shared, fold, prepared) = (batch, shared, fold, prepared)
            let noise = noise
            let done = DispatchSemaphore(value: 0)
            for worker in 0..<count {
                Thread.detachNewThread {
                    let member = TeamMember(worker: worker, of: count) { barrier.meet() }
                    shared.gradient(of: batch, prepared, noise: noise, beta: 1, scale: scale, summed: fold, by: member)
                    done.signal()
                }
            }
            for _ in 0..<count { done.wait() }
            shared.add(batch, 0..<batch.rowCount, to: &sums)
        }
        return (sums, (0..<model.layout.count).map { i in gradients.reduce(0) { $0 + $1.pointer[i] } })
    }

    func withBatch<Result>(_ body: (Batch) -> Result) -> Result {
        rowNumbers.withUnsafeBufferPointer {
            body(
                Batch(
                    input: input.pointer, encoderInput: configuration.seesMask ? encoderInput.pointer : nil,
                    mask: configuration.seesMask ? mask.pointer : nil,
                    conditions: configuration.conditionSize > 0 ? conditionBuffer.pointer : nil,
                    classes: configuration.classes == nil ? nil : UnsafePointer(classBuffer.pointer),
                    weights: weightBuffer.pointer,
                    rowCount: rows.count,
                    rows: $0.baseAddress ?? UnsafePointer(bitPattern: 8)!))
        }
    }

    /// The same in Double for the reference.
    var doubles: (rows: [[Double]], noise: [[Double]], parameters: [Double]) {
        let size = configuration.latentSize
        var values = [Float](repeating: 0, count: rows.count * size)
        noise.fillNormal(&values, rows: rowNumbers, rowCount: rows.count, size: size)
        return (
            rows.map { $0.map(Double.init) },
            (0..<rows.count).map { row in values[row * size..<(row + 1) * size].map(Double.init) },
            UnsafeBufferPointer(start: parameters.pointer, count: parameters.count).map(Double.init)
        )
    }
}

/// Where threads wait for each other.
private final class Barrier: @unchecked Sendable {
    private let condition = NSCondition()
    private let count: Int
    private var arrived = 0
    private var generation = 0

    init(count: Int) { self.count = count }

    func meet() {
        condition.withLock {
            arrived += 1
            if arrived == count {
                arrived = 0
                generation += 1
                return condition.broadcast()
            }
            let now = generation
            while generation == now { condition.wait() }
        }
    }
}
