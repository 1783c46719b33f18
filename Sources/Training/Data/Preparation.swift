internal import CKernels
internal import Distributed
internal import VAE

/// What is done to every row before the model sees it: the same while training, validating and embedding.
///
/// Library size, log1p, shift and scale by the training rows' statistics, clipping, binarisation, in this order.
struct Preparation: Sendable {
    private let settings: Configuration.Preparation
    /// What the likelihood must find.
    private let needsUnitInterval: Bool
    /// `(x - shift) * factor`, `[features]`; empty where nothing is scaled, and until ``measure(_:world:pool:)``.
    private(set) var shift: [Float] = []
    private(set) var factor: [Float] = []
    /// Features that have the same value in all training rows; they are shifted only.
    private(set) var constantFeatures = 0

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

    /// The values that rows may have as they come, and why no others.
    var allowed: (range: ClosedRange<Float>, reason: String) {
        let greatest = Float.greatestFiniteMagnitude
        if settings.transform == .log1p || settings.librarySize > 0 {
            return (0...greatest, "library-size and log1p need values of at least 0")
        }
        let asProbabilities = settings.binarize == .dynamic || (needsUnitInterval && settings.binarize == .none)
        if asProbabilities, settings.scale != .minMax {
            return (
                0...1,
                "the likelihood bernoulli needs values in 0...1: scale the data (--scale min-max), or use --likelihood gaussian"
            )
        }
        return (-greatest...greatest, "")
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

    /// What comes before statistics are taken.
    private func transform(_ values: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        if settings.librarySize > 0 { kernel_scale_to_total(values, Float(settings.librarySize), rows, features) }
        if settings.transform == .log1p { kernel_log1p(values, rows * features) }
    }
}

extension Preparation {
    /// One number for each feature and shard, made from the shard's rows one after the other.
    private struct Measure {
        var start: Double
        var add: (_ sum: inout Double, _ value: Double, _ feature: Int) -> Void
        var join: (Double, Double) -> Double
    }

    /// Takes the statistics of all training rows, shard by shard in their order, so that they do not depend on the number of
    /// ranks. Collective. Throws ``MPIError``.
    mutating func measure(_ rows: ShardedRows, world: World, pool: WorkerPool) throws {
        guard needsStatistics else { return }
        let features = rows.store.features
        let count = Double(rows.plan.rowCount)
        func perFeature(_ measure: Measure) throws -> [Double] {
            try fold(rows, measure, features: features, world: world, pool: pool)
        }
        func overall(_ values: [Double], _ join: (Double, Double) -> Double) -> [Double] {
            settings.scaleBy == .feature
                ? values : [Double](repeating: values.dropFirst().reduce(values[0], join), count: features)
        }
        let low = overall(try perFeature(Measure(start: .infinity, add: { sum, x, _ in sum = min(sum, x) }, join: min)), min)
        let high = overall(try perFeature(Measure(start: -.infinity, add: { sum, x, _ in sum = max(sum, x) }, join: max)), max)
        constantFeatures = zip(low, high).count { $0 == $1 }
        switch settings.scale {
        case .none: break
        case .minMax:
            shift = low.map { Float($0) }
            factor = zip(low, high).map { $0 == $1 ? 1 : Float(1 / ($1 - $0)) }
        case .standardize:
            // Two passes, so that a large mean takes nothing from a small deviation.
            let total = settings.scaleBy == .feature ? count : count * Double(features)
            let sums = overall(try perFeature(Measure(start: 0, add: { sum, x, _ in sum += x }, join: +)), +)
            let means = sums.map { $0 / total }
            let squares = overall(
                try perFeature(
                    Measure(start: 0, add: { sum, x, feature in sum += (x - means[feature]) * (x - means[feature]) }, join: +)), +
            )
            shift = means.map { Float($0) }
            factor = squares.indices.map { low[$0] == high[$0] ? 1 : Float(1 / (squares[$0] / total).squareRoot()) }
        }
    }

    /// Every shard's measures, joined in the shards' order. Collective.
    private func fold(
        _ rows: ShardedRows, _ measure: Measure, features: Int, world: World, pool: WorkerPool
    ) throws -> [Double] {
        var own = [Double](repeating: measure.start, count: rows.shards.count * features)
        let first = rows.plan.rows(ofShard: rows.shards.lowerBound).lowerBound
        own.withUnsafeMutableBufferPointer { own in
            nonisolated(unsafe) let own = own
            pool.run { worker in
                let row = AlignedBuffer(count: features)
                for index in ShardPlan.part(worker, of: pool.count, count: rows.shards.count) {
                    for position in rows.plan.rows(ofShard: rows.shards.lowerBound + index) {
                        rows.store.decode(position - first, into: row.pointer)
                        transform(row.pointer, rows: 1, features: features)
                        for feature in 0..<features {
                            measure.add(&own[index * features + feature], Double(row.pointer[feature]), feature)
                        }
                    }
                }
            }
        }
        let all = try world.communicator.allGather(own).flatMap { $0 }
        return (0..<features).map { feature in
            stride(from: feature, to: all.count, by: features).dropFirst().reduce(all[feature]) { measure.join($0, all[$1]) }
        }
    }
}
