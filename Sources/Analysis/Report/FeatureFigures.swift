internal import Datasets
internal import Distributed
internal import Foundation
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Feature by feature: what some rows are like, how far their reconstructions are off, and what the rows are like that the model draws in
/// their place. All as the model sees rows, after their preparation.
struct FeatureFigures {
    /// Sums over the values of a feature.
    struct Sums {
        private(set) var count = 0.0
        private var sum = 0.0
        private var squares = 0.0
        private var zeros = 0.0

        mutating func add(_ value: Double) {
            count += 1
            sum += value
            squares += value * value
            if value == 0 { zeros += 1 }
        }

        var mean: Double { sum / max(count, 1) }
        var variance: Double { max(0, squares / max(count, 1) - mean * mean) }
        /// The share of values that are 0.
        var zeroShare: Double { zeros / max(count, 1) }
    }

    /// What the rows were used for, and how many there are.
    let part: Part
    let rowCount: Int
    /// Of the rows, and of the rows drawn by the model, empty where it draws none; `[features]` each.
    private(set) var values: [Sums]
    private(set) var draws: [Sums]
    /// Of the squared differences of rows and reconstructions, `[features]`.
    private(set) var errors: [Sums]
    /// Whether all values are whole numbers from 0, and not only 0 and 1.
    var areCounts: Bool { isWhole && largest > 1 }
    private var isWhole = true
    private var largest = 0.0

    private static let mostRows = 2048
    private static let mostValues = 1 << 22
    private static let mostFeatures = 1 << 15

    private init(part: Part, rowCount: Int, features: Int, draws: Bool) {
        (self.part, self.rowCount) = (part, rowCount)
        values = [Sums](repeating: Sums(), count: features)
        errors = values
        self.draws = draws ? values : []
    }

    /// Takes some rows that were held out through the model. Collective; throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - embeddings: say on root which rows there are.
    /// - Returns: nil but on root, and for images, for rows of very many features, and where nothing is known of the rows.
    static func collect(
        _ applied: AppliedModel, world: World, pool: WorkerPool, _ preparation: Preparation, _ configuration: Configuration,
        of source: DataSource, _ embeddings: RunEmbeddings?
    ) throws -> FeatureFigures? {
        let (model, features) = (applied.model, source.features)
        guard ImageShape(source.rowShape) == nil, features <= mostFeatures else { return nil }
        let held = embeddings?.heldOut
        let most = max(1, min(mostRows, mostValues / features))
        // Evenly over all.
        let step = max(1, ((held?.rows.count ?? 0) + most - 1) / most)
        let text = try world.broadcastFromRoot {
            (held?.rows ?? []).enumerated().filter { $0.offset % step == 0 }.map { "\($0.element.row)" }.joined(separator: " ")
        }
        let numbers = text.split(separator: " ").compactMap { Int($0) }.filter { $0 < source.selection.universe }
        if numbers.isEmpty { return nil }
        var bits = [UInt64](repeating: 0, count: (source.selection.universe + 63) / 64)
        for row in numbers { bits[row / 64] |= 1 << UInt64(row % 64) }
        let rows = RowSet(universe: source.selection.universe, bits: bits)
        let draws = model.likelihood.isDistribution && model.latent.hasPrior && configuration.model.likelihoods.isEmpty
        var figures = FeatureFigures(part: held?.part ?? .new, rowCount: numbers.count, features: features, draws: draws)
        let seed = configuration.training.seed
        let noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
        let nothing = AlignedBuffer(count: draws ? BlockPlan.blockSize * features : 1)
        nothing.pointer.update(repeating: 0, count: nothing.count)
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation.withoutLikelihood, noise: noise)
        try sweep.run(source, rows, columns: [features, features, draws ? features : 0]) { worker, batch, columns in
            let count = batch.rowCount * features
            columns[0].update(from: batch.input, count: count)
            if let mask = batch.mask { for i in 0..<count where mask[i] == 0 { columns[0][i] = .nan } }
            applied[worker].reconstruct(batch, applied.parameters, into: columns[1])
            guard draws else { return }
            applied[worker].replicate(
                batch, applied.parameters, code: noise, draw: NoiseKey(seed: seed, epoch: 0, purpose: .imputation),
                nothing: nothing.pointer, into: columns[2])
        } receive: { rows, columns in
            for row in 0..<rows.count { figures.add(columns.map { $0.pointer + row * features }) }
        }
        return world.isRoot ? figures : nil
    }

    /// Adds a row: its values, its reconstruction, what was drawn.
    private mutating func add(_ row: [UnsafeMutablePointer<Float>]) {
        for i in values.indices where row[0][i].isFinite {
            let (value, mean) = (Double(row[0][i]), Double(row[1][i]))
            values[i].add(value)
            errors[i].add((value - mean) * (value - mean))
            if value < 0 || value != value.rounded() { isWhole = false }
            largest = max(largest, value)
            if !draws.isEmpty { draws[i].add(Double(row[2][i])) }
        }
    }

    /// The share of a feature's variance that reconstructions have, 1 - mean squared error / variance; nil for one that does not vary.
    func explained(_ feature: Int) -> Double? {
        let variance = values[feature].variance
        return variance > 0 ? 1 - errors[feature].mean / variance : nil
    }

    /// The rows in words.
    var rows: String { part == .train ? "\(rowCount) rows that were trained on" : "\(rowCount) \(part.name) rows" }
}
