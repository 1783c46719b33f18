public import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

extension TrainedModel {
    /// What can be said of the model on all rows of a data set. Collective; throws ``SharedFailure``. The report is root's.
    public func evaluate(
        _ data: String, _ options: DataOptions, _ wanted: EvaluationOptions = EvaluationOptions()
    ) throws -> EvaluationReport {
        try world.onRoot {
            try OutputFiles(OutputFiles.File.optional("--output", wanted.output), force: wanted.force)
                .check(data: [data], files: files)
            if wanted.samples > 0 { try checkGivesProbabilities("--samples") }
            if wanted.heldOut > 0, !preparation.masks { try checkHasItems() }
            if wanted.codeType != nil { try checkDecodes("--dtype") }
        }
        let source = try open(data, options)
        let factors = try wanted.factors.isEmpty ? nil : openFactors(wanted.factors, of: source)
        if let misfit = source.misfit { try world.onRoot { throw Failure(.badData, misfit) } }
        let seed = configuration.training.seed
        var report = EvaluationReport()
        let labelled = try labelledRows(source, into: &report)
        let batchValues = try wanted.batches.isEmpty ? nil : openBatches(wanted.batches, data, options)
        let usesCodes = labelled != nil || factors != nil || batchValues != nil
        if !usesCodes, !wanted.output.isEmpty {
            try world.onRoot {
                throw Failure(.usage, "--output is for what labels say of each row, but \(source.name) has none: leave it out")
            }
        }
        let candidates = labelled ?? RowSet(all: source.rowCount)
        let kept = Self.sample(candidates, atMost: usesCodes ? wanted.codeRows : 1, seed: seed)
        let set = RowSet(source.selection) { _, number in kept.contains(number) }
        let batches = try batchValues.map {
            try readBatches($0, labels: labelled == nil ? nil : source.labels, set, wanted.batches)
        }
        let codes = try ModelEvaluator(
            world: world, pool: pool, applied: applied, preparation: preparation, seed: seed,
            parts: checkpoint.parts(configuration)
        ).measure(source, try figures(wanted, source), keeping: kept, into: &report)
        guard usesCodes else { return report }
        report.codeRows = codes.count
        if codes.count < candidates.count {
            note("figures of the codes: of \(codes.count) of \(candidates.count) rows, drawn by the seed (--code-rows)")
        }
        if let factors { report.mutualInformationGap = try gap(codes, factors, set) }
        if labelled != nil, let labels = source.labels {
            try judge(codes, labels, set.rows(0..<set.count), output: wanted.output, into: &report)
        }
        if let batches { try judge(codes, batches, into: &report) }
        return report
    }

    /// What is found out of rows besides the loss. Collective.
    private func figures(_ wanted: EvaluationOptions, _ source: DataSource) throws -> [any RowFigures] {
        let seed = configuration.training.seed
        var figures: [any RowFigures] = [
            SquaredErrors(features: model.inputSize, isDistribution: model.likelihood.isDistribution)
        ]
        if wanted.samples > 0 { figures.append(LogLikelihoods(samples: wanted.samples, PosteriorSampler(applied, seed: seed))) }
        if !checkpoint.classes.isEmpty { figures.append(ClassAccuracy(checkpoint.classes, source, applied)) }
        if wanted.heldOut > 0 {
            figures.append(
                preparation.masks
                    ? HeldOutValues(
                        share: wanted.heldOut, applied, configuration, hasDraws: model.reasonWithoutDensity == nil)
                    : HeldOutItems(share: wanted.heldOut, applied, seed: seed))
        }
        if let type = wanted.codeType {
            figures.append(CompressionErrors(try codeScale(type, source), source, applied, preparation))
        }
        return figures
    }

    /// Throws ``Failure`` where values are no items that a row has or has not.
    private func checkHasItems() throws(Failure) {
        let kind = configuration.model.likelihood
        let hasItems =
            configuration.model.likelihoods.isEmpty
            && ["bernoulli", "multinomial", "poisson", "nb", "zinb"].contains(kind.rawValue)
        guard hasItems, configuration.preparation.scale == .none else {
            throw Failure(
                .configuration,
                "--held-out is for items that rows have or have not (clicks, words, counts), and for models with --nan mask, but the model is "
                    + "one of \(kind.rawValue)" + (configuration.preparation.scale == .none ? "" : " of scaled values")
                    + ": leave it out")
        }
    }

    /// The numbers of the rows that have a label; nil if none has. Collective.
    private func labelledRows(_ source: DataSource, into report: inout EvaluationReport) throws -> RowSet? {
        guard let labels = source.labels else { return nil }
        var bits: [UInt64] = []
        try world.onRoot {
            do throws(HDF5Error) {
                let labelled = try RowSelection.labelled(labels, among: source.selection)
                let rows = source.selection.rows(0..<source.rowCount)
                bits = RowSet(RowSet(all: source.rowCount)) { number, _ in labelled.contains(Int(rows[number])) }.words
            } catch {
                throw Failure(error)
            }
        }
        let rows = RowSet(universe: source.rowCount, bits: try world.fromRoot(bits))
        let missing = source.rowCount - rows.count
        if missing > 0 {
            note("\(missing) of \(source.rowCount) rows have no label: they are in no class")
            report.rowsWithoutLabel = missing
        }
        return rows.count > 0 ? rows : nil
    }

    /// At most some of the rows, drawn by the seed; 0 for all.
    package static func sample(_ rows: RowSet, atMost limit: Int, seed: UInt64) -> RowSet {
        if limit == 0 || rows.count <= limit { return rows }
        let order = Permutation(count: rows.count, key: NoiseKey(seed: seed, epoch: 0, purpose: .subsample), domain: 0)
        return RowSet(rows) { _, number in order[number] < limit }
    }

    /// What labels say of the codes. Collective.
    private func judge(
        _ codes: Codebook, _ values: RowValues, _ rows: [Int64], output: String, into report: inout EvaluationReport
    ) throws {
        let found = try world.together {
            do throws(HDF5Error) { return try RowLabels(values, rows) } catch { throw Failure(error) }
        }
        guard let labels = found else { return note("the labels are not whole numbers or text: no figures of classes") }
        report.classes = labels.classes.count
        guard labels.classes.count > 1 else {
            return note("all rows have the label \(labels.classes.first ?? "") alone: no figures of classes")
        }
        guard labels.classes.count < codes.count else { return note("every row has a label of its own: no figures of classes") }
        let seed = configuration.training.seed
        let labelled = LabelledCodes(codes, labels: labels)
        let neighbours = try NeighbourFigures.compute(labelled, world: world, pool: pool)
        let means = try KMeans.compute(
            codes.values, size: codes.latentSize, k: labels.classes.count, seed: seed, world: world)
        let agreement = Agreement(labels.indices, means.clusters)
        let count = Double(codes.count)
        report.knnAccuracy = Double(zip(neighbours.vote, labels.indices).count { $0 == $1 }) / count
        report.silhouette = neighbours.silhouette.reduce(0, +) / count
        report.nmi = agreement.normalizedMutualInformation
        report.ari = agreement.adjustedRandIndex
        try world.onRoot {
            report.probeAccuracy = LogisticProbe(labelled, seed: seed)?.accuracy
            if !output.isEmpty {
                try write(rows, codes, labels, neighbours, means.clusters, to: output)
            }
        }
    }

    private func write(
        _ rows: [Int64], _ codes: Codebook, _ labels: RowLabels, _ neighbours: NeighbourFigures, _ clusters: [Int],
        to path: String
    ) throws {
        let count = rows.count
        let file = try ResultFile(path, format: "mpi-vae evaluation", byteCount: count * (4 * codes.latentSize + 256))
        func put<Number: HDF5Number>(_ name: String, _ values: [Number], _ shape: [Int], _ meaning: String) throws {
            let dataset = try file.column(name, Number.self, shape: shape, meaning)
            try file.writing { _ in try dataset.write(values, rows: 0..<count) }
        }
        try put("/row", rows, [count], "row of the data, from 0")
        try put("/mean", codes.values, [count, codes.latentSize], "mean of the posterior q(z|x)")
        try put("/class", labels.indices.map(Int64.init), [count], "place of the row's label among the attribute classes")
        try put("/neighbour_class", neighbours.vote.map(Int64.init), [count], "class that the 10 nearest rows vote for")
        try put("/silhouette", neighbours.silhouette, [count], "silhouette of the row")
        try put("/cluster", clusters.map(Int64.init), [count], "number of the row's k-means cluster")
        try file.writing { try $0.setAttribute("classes", .strings(labels.classes), of: "/class") }
        try file.finish()
    }

    /// Opens the factors that lie in the data's files. Collective.
    private func openFactors(_ path: String, of source: DataSource) throws -> DataSource {
        try world.opening {
            let path = path.hasPrefix("/") ? path : "/\(path)"
            let factors = try DataSource.open(DataSpecification(files: source.files, object: path))
            guard factors.rowCount == source.selection.universe else {
                throw Failure(
                    .badData,
                    "\(factors.name) has \(factors.rowCount) rows, but \(source.name) has \(source.selection.universe): "
                        + "factors must be [rows, factors]")
            }
            return factors
        }
    }

    private func gap(_ codes: Codebook, _ factors: DataSource, _ rows: RowSet) throws -> Double? {
        let values = try world.together {
            let values = try ExactRows(factors, .everything(missing: false)).values(rows.rows(0..<rows.count))
            return Array(UnsafeBufferPointer(start: values.pointer, count: values.count))
        }
        return MutualInformationGap.compute(
            codes.values, latents: codes.latentSize, factors: values, factorCount: factors.features)
    }
}
