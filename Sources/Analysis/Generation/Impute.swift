public import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Pages
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
        let figures = wanted.report.isEmpty ? nil : ImputedFigures(source, hasDraws: draws > 0)
        try world.onRoot {
            let output: any ImputedOutput =
                wanted.isCSV
                ? try ImputedTable(wanted.output, source, isSafe: wanted.csvSafe)
                : try ImputedFile(wanted.output, source, draws: draws)
            filled = try ImputedRows(source, data, options, draws: draws, to: [output] + (figures.map { [$0] } ?? []))
        }
        let imputer = Imputer(applied, configuration, draws: draws, samples: wanted.samples)
        // What binarisation draws.
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        try sweep.run(source, source.selection, columns: [features, features, draws * features]) { worker, batch, columns in
            imputer.fill(batch, worker, mean: columns[0], draws: columns[2])
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
}
