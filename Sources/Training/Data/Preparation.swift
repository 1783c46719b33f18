internal import CKernels
internal import Distributed
internal import Foundation
internal import VAE

/// What is done to every row before the model sees it: the same while training, validating and embedding.
///
/// Library size, log1p, shift and scale by the training rows' statistics, clipping, binarisation, in this order.
struct Preparation: Sendable {
    private let settings: Configuration.Preparation
    /// What the likelihood must find.
    private var needsUnitInterval: Bool
    /// `(x - shift) * factor`, `[features]`; empty where nothing is scaled, and until ``measure(_:world:pool:)``.
    private(set) var shift: [Float] = []
    private(set) var factor: [Float] = []
    /// Features that have the same value in all training rows; they are shifted only.
    private(set) var constantFeatures = 0
    /// Features that are missing in all training rows; they stay as they are.
    private(set) var missingFeatures = 0

    init(_ configuration: Configuration) {
        settings = configuration.preparation
        needsUnitInterval = configuration.model.likelihood.needsUnitInterval
    }

    /// As a checkpoint has it.
    init(_ configuration: Configuration, shift: [Float], factor: [Float]) {
        self.init(configuration)
        self.shift = shift
        self.factor = factor
    }

    /// Whether there is anything to measure before rows can be prepared.
    var needsStatistics: Bool { settings.scale != .none }

    /// Whether values may be missing, which the model then sees.
    var masks: Bool { settings.missing == .mask }

    /// The values that rows may have as they come.
    var allowed: AllowedValues {
        let greatest = Float.greatestFiniteMagnitude
        func values(_ range: ClosedRange<Float>, _ reason: String) -> AllowedValues {
            AllowedValues(range: range, reason: reason, missing: masks)
        }
        if settings.transform == .log1p || settings.librarySize > 0 {
            return values(0...greatest, "library-size and log1p need values of at least 0")
        }
        let asProbabilities = settings.binarize == .dynamic || (needsUnitInterval && settings.binarize == .none)
        if asProbabilities, settings.scale != .minMax {
            return values(
                0...1,
                "the likelihood bernoulli needs values in 0...1: scale the data (--scale min-max), or use --likelihood gaussian")
        }
        return values(-greatest...greatest, "")
    }

    /// Prepares `[rows, features]` in place.
    ///
    /// - Parameters:
    ///   - rowNumbers: the rows' numbers in their data set, for draws.
    ///   - noise: seed and epoch of draws.
    func apply(
        _ values: UnsafeMutablePointer<Float>, rowNumbers: UnsafePointer<Int64>, rows: Int, features: Int, noise: NoiseKey
    ) {
        let count = rows * features
        transform(values, rows: rows, features: features)
        if !shift.isEmpty {
            kernel_shift_and_scale(values, shift, factor, rows, features)
            if settings.scale == .minMax { kernel_clamp(values, 0, 1, count) }
        }
        if settings.clip > 0 { kernel_clamp(values, -Float(settings.clip), Float(settings.clip), count) }
        switch settings.binarize {
        case .none: break
        case .fixed: kernel_threshold(values, Float(settings.threshold), count)
        case .dynamic:
            kernel_draw_bernoulli(
                values, rowNumbers, rows, features, noise.seed, NoisePurpose.binarization.rawValue,
                UInt32(truncatingIfNeeded: noise.epoch))
        }
    }

    /// The same for rows whose likelihood nobody asks for, such as noisy ones that are to be cleaned: they may leave 0...1.
    var withoutLikelihood: Preparation {
        var preparation = self
        preparation.needsUnitInterval = false
        return preparation
    }

    /// The sum that rows are scaled to; 0 for none.
    var librarySize: Double { settings.librarySize }

    /// Brings `[rows, features]` that a model gave back to the data's scale, in place: undoes shift and scale, then log1p.
    ///
    /// What a row was scaled to a sum from is not known here, and what was cut or made binary is lost.
    func restore(_ values: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        if !shift.isEmpty {
            // x / factor + shift as (x - a) b.
            let back = zip(shift, factor).map { -$0 * $1 }
            kernel_shift_and_scale(values, back, factor.map { 1 / $0 }, rows, features)
        }
        if settings.transform == .log1p { for i in 0..<rows * features { values[i] = expm1(values[i]) } }
    }

    /// What comes before statistics are taken.
    private func transform(_ values: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        if settings.librarySize > 0 { kernel_scale_to_total(values, Float(settings.librarySize), rows, features) }
        if settings.transform == .log1p { kernel_log1p(values, rows * features) }
    }
}

extension Preparation {
    /// Takes the statistics of all training rows, shard by shard in their order, so that they do not depend on the number of
    /// ranks. Collective.
    ///
    /// - Throws: ``SharedFailure`` where rows cannot be read, or ``MPIError``.
    mutating func measure(_ rows: any TrainingRows, world: World, pool: WorkerPool) throws {
        guard needsStatistics else { return }
        let own = try world.together { try moments(rows, pool: pool) }
        let all = try own.indices.map { try world.communicator.allGather(own[$0]).flatMap { $0 } }
        let features = rows.format.features
        var joined = (0..<features).map { Moments(all, $0) }
        for first in stride(from: features, to: all[0].count, by: features) {
            for feature in 0..<features { joined[feature].join(Moments(all, first + feature)) }
        }
        missingFeatures = joined.count { $0.count == 0 }
        constantFeatures = joined.count { $0.count > 0 && $0.low == $0.high }
        if settings.scaleBy == .global {
            let overall = joined.dropFirst().reduce(into: joined[0]) { $0.join($1) }
            joined = [Moments](repeating: overall, count: features)
        }
        shift = joined.map { settings.scale == .minMax ? Float($0.low) : Float($0.mean) }
        factor = joined.map { moments in
            let width = settings.scale == .minMax ? moments.high - moments.low : (moments.squares / moments.count).squareRoot()
            return moments.low < moments.high ? Float(1 / width) : 1
        }
        for feature in 0..<features where joined[feature].count == 0 { shift[feature] = 0 }
    }

    /// Counts, least and greatest values, means and squared deviations of every shard of this rank, feature by feature.
    private func moments(_ rows: any TrainingRows, pool: WorkerPool) throws -> [[Double]] {
        let features = rows.format.features
        let starts = [0, Double.infinity, -Double.infinity, 0, 0]
        let own = starts.map { start in
            let values = UnsafeMutablePointer<Double>.allocate(capacity: rows.shards.count * features)
            values.initialize(repeating: start, count: rows.shards.count * features)
            return values
        }
        defer { for values in own { values.deallocate() } }
        let failures = UnsafeMutablePointer<(any Error)?>.allocate(capacity: pool.count)
        failures.initialize(repeating: nil, count: pool.count)
        defer {
            failures.deinitialize(count: pool.count)
            failures.deallocate()
        }
        pool.run { worker in
            let row = AlignedBuffer(count: features)
            let mask = AlignedBuffer(count: features)
            do {
                for index in ShardPlan.part(worker, of: pool.count, count: rows.shards.count) {
                    let sums = own.map { $0 + index * features }
                    try rows.scan(shard: rows.shards.lowerBound + index) { kept in
                        rows.format.decode(kept.numbers, into: row.pointer)
                        kernel_take_missing(row.pointer, mask.pointer, features)
                        transform(row.pointer, rows: 1, features: features)
                        kernel_take_moments(row.pointer, mask.pointer, sums[0], sums[1], sums[2], sums[3], sums[4], features)
                    }
                }
            } catch {
                failures[worker] = error
            }
        }
        for worker in 0..<pool.count { if let failure = failures[worker] { throw failure } }
        return own.map { Array(UnsafeBufferPointer(start: $0, count: rows.shards.count * features)) }
    }

    /// Of one feature.
    private struct Moments {
        var count: Double
        var low: Double
        var high: Double
        var mean: Double
        var squares: Double

        init(_ values: [[Double]], _ index: Int) {
            count = values[0][index]
            low = values[1][index]
            high = values[2][index]
            mean = values[3][index]
            squares = values[4][index]
        }

        /// Chan, Golub & LeVeque 1979, equation 2.1.
        mutating func join(_ other: Moments) {
            if other.count == 0 { return }
            let total = count + other.count
            let difference = other.mean - mean
            squares += other.squares + difference * difference * count * other.count / total
            mean += difference * other.count / total
            count = total
            low = min(low, other.low)
            high = max(high, other.high)
        }
    }
}
