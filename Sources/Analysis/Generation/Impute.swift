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
    /// Whether the output is a table of text, with a line for each row.
    public var isCSV = false
    /// Whether ids and labels in it that begin like formulas get an apostrophe in front.
    public var csvSafe = false
    /// A page about what was filled in; empty for none.
    public var report = ""
    public var force = false

    public init() {}

    /// Whether a file is to be CSV, by its name or by what is asked for; HDF5 where neither says anything. Throws ``Failure`` (64) where the two do
    /// not agree.
    public static func isCSV(_ path: String, wanted: Bool?) throws -> Bool {
        try FileFormat.of(path, flag: "--output", among: [.hdf5, .csv], wanted: wanted.map { $0 ? .csv : .hdf5 }) == .csv
    }
}

extension TrainedModel {
    /// Writes a data set with its missing values filled in. Collective; throws ``SharedFailure``.
    ///
    /// - Returns: on root, how many values were missing, and how many there are.
    public func impute(_ data: String, _ options: DataOptions, _ wanted: ImputeOptions) throws -> (missing: Int, all: Int) {
        try world.onRoot {
            try OutputFiles(
                [.init("--output", wanted.output, [wanted.isCSV ? .csv : .hdf5])]
                    + OutputFiles.File.optional("--report", wanted.report, [.html]),
                force: wanted.force
            ).check(data: [data], files: files)
            try check(wanted)
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
        var filled: ImputedRows?
        let figures = wanted.report.isEmpty ? nil : ImputedFigures(source)
        try world.onRoot {
            let output: any ImputedOutput =
                wanted.isCSV
                ? try ImputedTable(wanted.output, source, isSafe: wanted.csvSafe)
                : try ImputedFile(wanted.output, source, draws: draws)
            filled = try ImputedRows(source, data, options, draws: draws, to: [output] + (figures.map { [$0] } ?? []))
        }
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
                try filled!.write(
                    some, mean: restored(columns[0].pointer + place, some.count), mask: columns[1].pointer + place,
                    draws: restored(columns[2].pointer + place * draws, some.count * draws))
            }
        }
        var counts = (missing: 0, all: 0)
        try world.onRoot {
            counts = (filled!.missing, source.rowCount * features)
            guard counts.missing > 0 else {
                throw Failure(
                    .badData, "\(source.name) has no missing values (NaN, or 0 in a --mask): there is nothing to impute")
            }
            try filled!.finish()
            guard let figures else { return }
            var page = HTMLPage(title: "Imputed values", subtitle: "\(source.name) by \(place.path)")
            try figures.add(to: &page)
            addProvenance(of: data, to: &page)
            try page.write(to: wanted.report)
        }
        return counts
    }

    /// Throws ``Failure`` (64) for what does not go together.
    private func check(_ wanted: ImputeOptions) throws {
        if wanted.isCSV, wanted.draws > 0 {
            throw Failure(.usage, "--draws: a CSV file has a line for each row: leave --draws out, or write HDF5")
        }
        if wanted.csvSafe, !wanted.isCSV { throw Failure(.usage, "--csv-safe is for --format csv") }
        if wanted.report == OutputFiles.standardOutput { throw Failure(.usage, "--report -: name a file") }
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
