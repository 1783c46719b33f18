internal import Datasets
internal import Foundation
internal import Randomness
internal import VAE

/// What is worth a word before a new run begins: settings with which few models get good. Used by root alone.
struct TrainingAdvice {
    /// Steps in all, below which few models are trained well.
    private static let fewSteps = 500
    /// The root mean square of values that need no scaling.
    private static let usual = 0.1...10.0
    /// The largest byte of what cannot be pixels, of whatever darkness: truth values, levels, small counts.
    private static let darkest: UInt8 = 15

    private let replica: Replica

    init(_ replica: Replica) { self.replica = replica }

    /// A line for each. Throws ``Failure`` where rows cannot be read.
    func lines() throws -> [String] { try [steps, frozen, scale(), bytes(), coupling, size].compactMap(\.self) }

    private var steps: String? {
        let (epochs, each) = (replica.configuration.training.epochs, replica.trainer.stepsPerEpoch)
        guard epochs * each < Self.fewSteps else { return nil }
        let parts = epochs == 1 ? "" : ", \(each) in each of \(epochs) epochs,"
        return
            "only \(epochs * each) steps in all\(parts) are few to train a model: give more --epochs, or a smaller --global-batch"
    }

    /// Few rows make poor means and variances.
    private var coupling: String? {
        let training = replica.configuration.training
        let rows = training.globalBatch / replica.shardCount
        guard replica.model.couplesRows, rows < 32 else { return nil }
        return
            "batch normalisation takes the rows of a shard together, which are only \(rows) in a step: give fewer --shards or a larger "
            + "--global-batch (the bits depend on both)"
    }

    /// A model that could remember its data.
    private var size: String? {
        let values = Double(replica.data.count(.train)) * Double(replica.model.inputSize)
        let parameters = Double(replica.model.layout.parameterCount)
        guard parameters > values else { return nil }
        return String(
            format:
                "the model has %.0f parameters, more than the %.0f values that it trains on: give fewer --hidden units or --channels",
            parameters, values)
    }

    private var frozen: String? {
        let training = replica.configuration.training
        guard let part = training.freeze.part, training.from.isEmpty || ![nil, part].contains(training.fromPart.part) else {
            return nil
        }
        return "the \(part.rawValue) is frozen as it was drawn, not trained before: give a trained one by --from"
    }

    /// Of values far from 1, under a likelihood that takes them as they are.
    private func scale() throws -> String? {
        let (model, preparation) = (replica.configuration.model, replica.configuration.preparation)
        guard model.likelihoods.isEmpty, model.madeLikelihood.support == nil, model.likelihoodScale == 1,
            preparation.scale == .none
        else { return nil }
        let size = try rootMeanSquare()
        guard size > 0, !Self.usual.contains(size) else { return nil }
        return String(
            format:
                "the values have a root mean square of %.3g and are not scaled, which suits the likelihood \(model.likelihood.rawValue) "
                + "badly: give --scale standardize", size)
    }

    /// Of bytes that are divided by 255 as pixels, though they hardly are any.
    private func bytes() throws -> String? {
        guard replica.data.rows(.train).0.format.numbers == .pixel, replica.configuration.preparation.scale == .none else {
            return nil
        }
        let (store, count) = try someRows()
        let largest = (0..<count).map {
            UnsafeRawBufferPointer(start: store.row($0).numbers, count: store.format.rowBytes).max() ?? 0
        }.max()
        guard let largest, 1...Self.darkest ~= largest else { return nil }
        return
            "the largest byte seen is \(largest), but bytes (uint8) are taken for pixels and divided by 255: give --scale min-max --scale-by global, "
            + "or store truth values as bool, counts as int32"
    }

    /// Some training rows, evenly over them.
    private func someRows() throws -> (store: RowStore, count: Int) {
        let (source, rows) = replica.data.rows(.train)
        let count = min(rows.count, 64, max(1, (1 << 22) / source.features))
        let some = (0..<count).flatMap { (part: Int) -> [Int64] in
            let place = part * rows.count / count
            return rows.rows(place..<place + 1)
        }
        let store = RowStore(format: source.format, capacity: count)
        try RowLoader(source, replica.data.preparation).load(some, into: store, at: 0)
        return (store, count)
    }

    /// Of the values of some training rows, as the model sees them.
    private func rootMeanSquare() throws -> Double {
        let (store, count) = try someRows()
        let (format, preparation) = (store.format, replica.data.preparation)
        let buffer = BatchBuffer(capacity: count, format: format, preparation: preparation)
        let noise = NoiseKey(seed: replica.configuration.training.seed, epoch: 0, purpose: .validation)
        let batch = buffer.fill(count: count, noise: noise) { store.row($0) }
        var (squares, seen) = (0.0, 0.0)
        for i in 0..<count * format.features where batch.mask?[i] ?? 1 != 0 {
            squares += Double(batch.input[i]) * Double(batch.input[i])
            seen += 1
        }
        return (squares / max(seen, 1)).squareRoot()
    }
}
