public import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// What `impute` is to do.
public struct ImputeOptions: Sendable {
    /// The whole rows to draw for each besides the one filled with means; 0 for none.
    public var draws = 0
    /// The samples of the posterior that each draw is one of, and that means are weighted over where training weighted them, too.
    public var samples = 1000
    public var output = "imputed.h5"
    public var force = false

    public init() {}
}

extension TrainedModel {
    /// Writes a data set with its missing values filled in. Collective; throws ``SharedFailure``.
    ///
    /// - Returns: on root, how many values were missing, and how many there are.
    public func impute(_ data: String, _ options: DataOptions, _ wanted: ImputeOptions) throws -> (missing: Int, all: Int) {
        try world.onRoot {
            try OutputFiles([.init("--output", wanted.output)], force: wanted.force).check(data: [data], files: files)
            guard preparation.masks else {
                throw Failure(.usage, "the model was trained without missing values: only models trained with --nan mask impute")
            }
            guard configuration.preparation.librarySize == 0 else {
                throw Failure(.usage, "the model scales rows to a library size, which rows with missing values do not have")
            }
            if wanted.draws > 0, let reason = model.reasonWithoutDensity {
                throw Failure(.usage, "--draws: the model is \(reason), which nothing can be drawn from: leave --draws out")
            }
        }
        let source = try open(data, options)
        let (features, draws) = (source.features, wanted.draws)
        var writer: ImputedWriter?
        try world.onRoot { writer = try ImputedWriter(wanted.output, source, data, options, draws: draws) }
        // What binarisation draws.
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        try sweep.run(source, source.selection, columns: [features, features, draws * features]) { worker, batch, columns in
            fill(batch, worker, wanted, mean: columns[0], draws: columns[2])
            columns[1].update(from: batch.mask!, count: batch.rowCount * features)
        } receive: { rows, columns in
            func restored(_ values: UnsafePointer<Float>, _ count: Int) -> AlignedMemory<Double> {
                preparation.restore(values, rows: count, features: features, pool: pool)
            }
            // In double precision, a few MiB at a time.
            let most = max(1, (1 << 18) / (features * (draws + 1)))
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: most) {
                let some = first..<min(first + most, rows.upperBound)
                let place = (first - rows.lowerBound) * features
                try writer!.write(
                    some, mean: restored(columns[0].pointer + place, some.count), mask: columns[1].pointer + place,
                    draws: restored(columns[2].pointer + place * draws, some.count * draws))
            }
        }
        var counts = (missing: 0, all: 0)
        try world.onRoot {
            counts = (writer!.missing, source.rowCount * features)
            guard counts.missing > 0 else {
                throw Failure(
                    .badData, "\(source.name) has no missing values (NaN, or 0 in a --mask): there is nothing to impute")
            }
            try writer!.finish()
        }
        return counts
    }

    /// The model's means of all values of a batch, and draws of them, as it has them.
    private func fill(
        _ batch: Batch, _ worker: Int, _ wanted: ImputeOptions, mean: UnsafeMutablePointer<Float>,
        draws: UnsafeMutablePointer<Float>
    ) {
        let (latent, features, rows) = (model.latentSize, model.inputSize, batch.rowCount)
        let (codes, logVariance) = (AlignedBuffer(count: rows * latent), AlignedBuffer(count: rows * latent))
        applied[worker].encode(batch, applied.parameters, mean: codes.pointer, logVariance: logVariance.pointer)
        if weighsMeans {
            average(batch, worker, wanted, mean: codes.pointer, logVariance: logVariance.pointer, into: mean)
        } else {
            applied[worker].decode(
                codes.pointer, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: mean)
        }
        if wanted.draws == 0 { return }
        let chosen = resample(batch, worker, wanted, mean: codes.pointer, logVariance: logVariance.pointer)
        let value = AlignedBuffer(count: rows * features)
        for draw in 0..<wanted.draws {
            applied[worker].drawMissing(
                of: batch, chosen.pointer + draw * rows * latent, applied.parameters,
                noise: NoiseKey(seed: configuration.training.seed, epoch: draw, purpose: .imputation), into: value.pointer)
            for row in 0..<rows {
                (draws + (row * wanted.draws + draw) * features).update(from: value.pointer + row * features, count: features)
            }
        }
    }

    /// Whether means are taken over samples by their importance: of models that were trained so, but tables, whose categories have no mean.
    private var weighsMeans: Bool { configuration.objective.objective == .iwae && configuration.model.likelihoods.isEmpty }

    /// The mean of p(x | z) over the posterior's samples by their importance weights (Mattei & Frellsen 2019, equation 12), sample after sample.
    private func average(
        _ batch: Batch, _ worker: Int, _ wanted: ImputeOptions, mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>,
        into average: UnsafeMutablePointer<Float>
    ) {
        let (features, rows) = (model.inputSize, batch.rowCount)
        let (value, sums) = (AlignedBuffer(count: rows * features), AlignedMemory<Double>(count: rows * features))
        var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: rows)
        PosteriorSampler(applied, seed: configuration.training.seed).draw(
            wanted.samples, of: batch, worker: worker, mean: mean, logVariance: logVariance
        ) { _, z, logWeights in
            applied[worker].decode(
                z, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: value.pointer)
            for row in 0..<rows {
                weights[row].add(logWeights[row])
                // Of all weights so far.
                let share = Elementary.exp(logWeights[row] - weights[row].logSum)
                for i in row * features..<(row + 1) * features {
                    sums.pointer[i] += share * (Double(value.pointer[i]) - sums.pointer[i])
                }
            }
        }
        for i in 0..<rows * features { average[i] = Float(sums.pointer[i]) }
    }

    /// Codes `[draws, rowCount, latentSize]`, each one of the posterior's samples, chosen by its importance weight (Rubin 1987).
    ///
    /// Sample after sample takes each place with its share of the weights so far, so none but the chosen ones are kept.
    private func resample(
        _ batch: Batch, _ worker: Int, _ wanted: ImputeOptions, mean: UnsafePointer<Float>,
        logVariance: UnsafePointer<Float>
    ) -> AlignedBuffer {
        let (latent, rows) = (model.latentSize, batch.rowCount)
        let seed = configuration.training.seed
        let chosen = AlignedBuffer(count: wanted.draws * rows * latent)
        var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: rows)
        PosteriorSampler(applied, seed: seed).draw(
            wanted.samples, of: batch, worker: worker, mean: mean, logVariance: logVariance
        ) { sample, z, logWeights in
            let key = NoiseKey(seed: seed, epoch: sample, purpose: .resampling)
            for row in 0..<rows {
                weights[row].add(logWeights[row])
                let share = Elementary.exp(logWeights[row] - weights[row].logSum)
                for draw in 0..<wanted.draws
                where sample == 0 || key.uniform(row: UInt64(batch.rows[row]), index: UInt32(draw)) < share {
                    (chosen.pointer + (draw * rows + row) * latent).update(from: z + row * latent, count: latent)
                }
            }
        }
        return chosen
    }
}

/// The file of filled data. Used by root alone.
private final class ImputedWriter {
    private let source: DataSource
    /// Reads the values that are there, as they are stored.
    private let original: any RowReader
    private let format: RowFormat
    private let result: ResultFile
    private let data: Dataset
    private let imputed: Dataset
    private let draws: Dataset?
    private let drawCount: Int
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private(set) var missing = 0

    init(_ path: String, _ source: DataSource, _ specification: String, _ options: DataOptions, draws: Int) throws {
        var options = options
        options.mask = ""
        let features = source.featureNames.map { DataSource.Features(names: $0, origin: source.name) }
        let unmasked = try DataSource.open(specification, options, as: features)
        self.source = source
        let content = unmasked.content
        format = RowFormat(numbers: content.stored, features: source.features)
        original = try content.makeReader(content.stored)
        drawCount = draws
        let count = source.rowCount
        let isWide = source.format.isWide
        let result = try ResultFile(
            path, format: "mpi-vae imputed data",
            byteCount: count * (source.features * ((draws + 1) * (isWide ? 8 : 4) + 1) + 160))
        self.result = result
        let shape = [count] + source.rowShape
        data = try result.numbers(
            "/data", isWide: isWide, shape: shape, "the data, with the model's means where values were missing")
        imputed = try result.column("/imputed", UInt8.self, shape: shape, "1 where the value was missing")
        self.draws =
            draws > 0
            ? try result.numbers(
                "/draws", isWide: isWide, shape: [count, draws] + source.rowShape,
                "the data, with draws from p(x missing|x observed)") : nil
        (labels, ids) = try result.writing { file in
            (
                try CopiedColumn("/label", of: [source.labels], in: file, count: count),
                try CopiedColumn("/id", of: [source.ids], in: file, count: count)
            )
        }
        try result.writing { file in
            try file.write(featureNames: source.featureNames)
            try file.setAttribute("sources", .strings([source.name]))
        }
    }

    func write(
        _ rows: Range<Int>, mean: AlignedMemory<Double>, mask: UnsafePointer<Float>, draws: AlignedMemory<Double>
    ) throws {
        let features = format.features
        let numbers = source.selection.rows(rows)
        // Bytes are taken for pixels, which the model sees as numbers in 0...1.
        let unit = format.numbers == .pixel ? 255.0 : 1
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(format.rowBytes, 64), alignment: 64)
        defer { memory.deallocate() }
        var whole = [Double](repeating: 0, count: rows.count * features)
        var drawn = [Double](repeating: 0, count: rows.count * drawCount * features)
        var wasMissing = [UInt8](repeating: 0, count: rows.count * features)
        for (index, row) in numbers.enumerated() {
            do {
                try original.read(Int(row)..<Int(row) + 1, into: memory)
            } catch let error as HDF5Error {
                throw Failure(error)
            }
            for i in 0..<features {
                let place = index * features + i
                let isMissing = mask[place] == 0
                let known = isMissing ? 0 : Self.number(memory, i, format.numbers)
                whole[place] = isMissing ? mean.pointer[place] * unit : known
                wasMissing[place] = isMissing ? 1 : 0
                if isMissing { missing += 1 }
                for draw in 0..<drawCount {
                    let target = (index * drawCount + draw) * features + i
                    drawn[target] = isMissing ? draws.pointer[target] * unit : known
                }
            }
        }
        try result.writing { _ in
            try data.write(whole, rows: rows)
            try imputed.write(wasMissing, rows: rows)
            try self.draws?.write(drawn, rows: rows)
        }
        try labels?.copy(from: source.labels, rows: numbers, to: rows)
        try ids?.copy(from: source.ids, rows: numbers, to: rows)
    }

    private static func number(_ row: UnsafeRawPointer, _ index: Int, _ format: NumberFormat) -> Double {
        func load<Number: BitwiseCopyable>(_: Number.Type) -> Number {
            row.load(fromByteOffset: index * MemoryLayout<Number>.stride, as: Number.self)
        }
        switch format {
        case .pixel, .uint8: return Double(load(UInt8.self))
        case .int8: return Double(load(Int8.self))
        case .int16: return Double(load(Int16.self))
        case .uint16: return Double(load(UInt16.self))
        case .int32: return Double(load(Int32.self))
        case .uint32: return Double(load(UInt32.self))
        case .int64: return Double(load(Int64.self))
        case .uint64: return Double(load(UInt64.self))
        case .float32: return Double(load(Float.self))
        case .float64: return load(Double.self)
        case .float16, .bit:
            var values = [Float](repeating: 0, count: index + 1)
            RowFormat(numbers: format, features: index + 1).decode(row, into: &values)
            return Double(values[index])
        }
    }

    func finish() throws { try result.finish() }
}
