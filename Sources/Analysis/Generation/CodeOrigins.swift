internal import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// Makes the codes that `generate` decodes.
extension TrainedModel {
    private var isPlain: Bool { !model.latent.hasPrior }
    private var latentSize: Int { model.latentSize }

    /// Collective; throws ``SharedFailure``.
    func codes(_ wanted: GenerationOptions, _ source: DataSource?) throws -> any CodeSource {
        let seed = wanted.seed ?? configuration.training.seed
        switch wanted.origin {
        case .prior:
            try require(!isPlain, "a plain autoencoder has no prior to draw from: give --from mixture --data, or --label")
            try require(
                model.specification.classes == nil,
                "codes of a model of classes have no prior that is drawn from here: give --from mixture --data, or --label")
            return PriorCodes(
                count: wanted.count, latentSize: latentSize, seed: seed, deviation: model.latent.priorDeviation)
        case .mixture(let components, let covariance, let fitRows):
            let source = try required(source, "--from mixture")
            try require(
                components <= min(source.rowCount, fitRows > 0 ? fitRows : .max),
                "--components is \(components), more than there are rows")
            let rows = Self.sample(RowSet(all: source.rowCount), atMost: fitRows, seed: seed)
            if rows.count < source.rowCount {
                note("mixture: of \(rows.count) of \(source.rowCount) rows, drawn by the seed (--fit-rows)")
            }
            let values = try posteriorMeans(source, RowSet(source.selection) { _, number in rows.contains(number) })
            let mixture = try GaussianMixture.fit(
                values, size: latentSize, components: components, covariance: covariance == .full ? .full : .diagonal, seed: seed,
                world: world,
                pool: pool)
            return MixtureCodes(
                mixture: mixture, count: wanted.count, seed: seed,
                about: [
                    ("origin", .string("mixture")), ("covariance", .string(covariance.rawValue)),
                    ("fit_rows", .integer(Int64(rows.count))), ("log_likelihood", .double(mixture.logLikelihood)),
                ])
        case .traversal(let listed):
            return try traversal(listed, steps: wanted.steps, source)
        case .interpolation(let from, let to, let spherical):
            let source = try required(source, "--interpolate")
            for row in [from, to] {
                let isThere = (0..<source.selection.universe).contains(row) && source.selection.contains(row)
                try require(
                    isThere,
                    "--interpolate: row \(row) is not in \(source.name), which has rows 0 to \(source.selection.universe - 1)\(source.rowCount < source.selection.universe ? ", not all in use" : "")"
                )
            }
            try require(from != to, "--interpolate: row \(from) twice: give two rows")
            let values = try posteriorMeans(source, RowSet(source.selection) { row, _ in row == from || row == to })
            let ends = [Array(values[..<latentSize]), Array(values[latentSize...])]
            return ListedCodes.interpolation(
                ends[from < to ? 0 : 1], ends[from < to ? 1 : 0], spherical: spherical, steps: wanted.steps,
                about: [
                    ("origin", .string("interpolation")), ("rows", .string("\(from),\(to)")),
                    ("path", .string(spherical ? "spherical" : "linear")),
                ])
        case .label(let label):
            let source = try required(source, "--label")
            let moments = try moments(source, try rows(of: label, source))
            return MixtureCodes(
                mixture: GaussianMixture(mean: moments.mean, variance: moments.spread), count: wanted.count, seed: seed,
                about: [("origin", .string("label")), ("label", .string(label)), ("fit_rows", .integer(Int64(moments.count)))])
        }
    }

    private func traversal(_ listed: [Int], steps: Int, _ source: DataSource?) throws -> ListedCodes {
        for latent in listed {
            try require((0..<latentSize).contains(latent), "--latents: there is no latent \(latent), but 0 to \(latentSize - 1)")
        }
        try require(source != nil || !isPlain, "--traverse of a plain autoencoder needs --data, which says where its codes lie")
        let moments = try source.map { try self.moments($0, $0.selection) }
        let priorUnits = [Double](repeating: Double(model.latent.priorDeviation), count: latentSize)
        // Without a prior the codes have standard deviations.
        let units = isPlain ? moments!.variance.map { $0.squareRoot() } : priorUnits
        return .traversal(
            listed.isEmpty ? Array(0..<latentSize) : listed, around: moments?.mean ?? priorUnits.map { _ in 0 }, units: units,
            steps: steps,
            about: [("origin", .string("traversal")), ("centre", .string(source == nil ? "prior" : "mean code of the rows"))])
    }

    /// Throws on all ranks unless the condition, which is the same on all, holds. Collective.
    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { try world.onRoot { throw Failure(.usage, message()) } }
    }

    private func required(_ source: DataSource?, _ option: String) throws -> DataSource {
        try require(source != nil, "\(option) needs the data: give --data")
        return source!
    }

    /// The rows with a label. Collective.
    private func rows(of label: String, _ source: DataSource) throws -> RowSet {
        try world.together {
            if let misfit = source.misfit { throw Failure(.badData, misfit) }
            guard let labels = source.labels else {
                throw Failure(.badData, "\(source.name) has no labels beside it: --labels gives their path in the file")
            }
            let classes = try LabelClasses(labels, source.selection)
            let wanted = try classes.resolve([label], "--label", of: source.name)
            if classes.rowsWithoutLabel > 0 { note("\(classes.rowsWithoutLabel) rows of \(source.name) have no label") }
            do throws(HDF5Error) {
                return try RowSelection.labels(wanted, labels, among: source.selection)
            } catch {
                throw Failure(error)
            }
        }
    }

    /// The codes of some rows, on all ranks, `[rows.count, latentSize]`. Collective.
    private func posteriorMeans(_ source: DataSource, _ rows: RowSet) throws -> [Float] {
        var values: [Float] = []
        try sweep(source, rows) { range, mean, _ in
            values += UnsafeBufferPointer(start: mean.pointer, count: range.count * latentSize)
        }
        return try world.fromRoot(values)
    }

    /// Of some rows' posteriors, `[latentSize]` each.
    private struct Moments {
        var count = 0
        /// Mean and variance of the means.
        var mean: [Double]
        var variance: [Double]
        /// The variance of a draw from the posterior of a row that is drawn: that of the means and the mean of the posteriors' own.
        var spread: [Double]
    }

    /// Collective.
    private func moments(_ source: DataSource, _ rows: RowSet) throws -> Moments {
        let zeros = [Double](repeating: 0, count: latentSize)
        var (mean, squares, variance) = (zeros, zeros, zeros)
        var count = 0.0
        try sweep(source, rows) { range, means, logVariances in
            for row in 0..<range.count {
                count += 1
                for i in 0..<latentSize {
                    let place = row * latentSize + i
                    // Welford 1962.
                    let difference = Double(means.pointer[place]) - mean[i]
                    mean[i] += difference / count
                    squares[i] += difference * (Double(means.pointer[place]) - mean[i])
                    variance[i] += model.latent.variance(logVariance: Double(logVariances.pointer[place]))
                }
            }
        }
        mean = try world.fromRoot(mean)
        let own = try world.fromRoot(squares.map { $0 / max(count, 1) })
        let posterior = try world.fromRoot(variance.map { $0 / max(count, 1) })
        return Moments(count: rows.count, mean: mean, variance: own, spread: zip(own, posterior).map { $0 + $1 })
    }

    /// Hands the posteriors of some rows to root, in order. Collective.
    private func sweep(
        _ source: DataSource, _ rows: RowSet,
        receive: (_ rows: Range<Int>, _ mean: AlignedBuffer, _ logVariance: AlignedBuffer) throws -> Void
    ) throws {
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        try RowSweep(world: world, pool: pool, preparation: preparation, noise: noise).run(
            source, rows, columns: [latentSize, latentSize]
        ) { worker, batch, columns in
            applied[worker].encode(batch, applied.parameters, mean: columns[0], logVariance: columns[1])
        } receive: { rows, columns in
            try receive(rows, columns[0], columns[1])
        }
    }
}
