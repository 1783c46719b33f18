internal import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Takes rows through a model, each once, and adds up what ``EvaluationReport`` says of all of them.
struct ModelEvaluator {
    let world: World
    let pool: WorkerPool
    let applied: AppliedModel
    let preparation: Preparation
    let seed: UInt64
    /// The columns of a table; nil where all have one likelihood.
    let parts: TableParts?
    /// That the model knows; empty for those that know of none.
    let classes: [String]

    /// Fills in, on root, the figures of all rows; gives the codes of some of them, on all ranks. Collective.
    ///
    /// - Parameters:
    ///   - samples: K; 0 for no log-likelihood.
    ///   - heldOut: the share of a row's items that are to be ranked; 0 for none.
    ///   - scale: of codes that rows are to come back from; nil for none.
    ///   - kept: whose codes are given, by their numbers among the rows.
    func measure(
        _ source: DataSource, samples: Int, heldOut: Double, codes scale: CodeScale?, keeping kept: RowSet,
        into report: inout EvaluationReport
    ) throws -> Codebook {
        let model = applied.model
        let (latent, features) = (model.latentSize, model.inputSize)
        // As in `Evaluator`.
        let noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        let sampler = PosteriorSampler(applied, seed: seed)
        var sums = Sums(model.latent)
        var table = parts.map { TableSums($0) }
        var codes = Codebook(latentSize: latent)
        var (right, labelled) = (0, 0)
        var ranking = HeldOutRanking()
        var compression = CompressionSums()
        try sweep.run(
            source, source.selection,
            columns: [
                latent, latent, 1, 1, 1, 1, 1, 1, BlockSums.width, parts == nil ? 0 : features,
                classes.count, heldOut > 0 ? HeldOutRanking.width : 0, scale == nil ? 0 : CompressionSums.width,
            ]
        ) {
            worker, batch, columns in
            var own = Inference.Rows(columns)
            if parts != nil { own.columns = columns[9] }
            let whole = applied[worker].evaluate(batch, applied.parameters, noise: noise, into: own)
            applied[worker].classify(columns[0], rowCount: batch.rowCount, applied.parameters, into: columns[10])
            BlockSums.write(whole, to: columns[8])
            let expected = AlignedBuffer(count: batch.rowCount * features)
            applied[worker].decode(
                columns[0], rowCount: batch.rowCount, .ofRows(batch), conditions: batch.conditions, applied.parameters,
                mean: expected.pointer)
            for row in 0..<batch.rowCount {
                var (squares, seen) = (0.0, 0.0)
                for i in row * features..<(row + 1) * features {
                    let weight = Double(batch.mask?[i] ?? 1)
                    let difference = Double(expected.pointer[i]) - Double(batch.input[i])
                    squares += weight * difference * difference
                    seen += weight
                }
                columns[4][row] = Float(squares)
                columns[5][row] = Float(seen)
            }
            if let scale {
                let rounded = AlignedBuffer(count: batch.rowCount * latent)
                rounded.pointer.update(from: columns[0], count: rounded.count)
                scale.round(rounded.pointer, rows: batch.rowCount)
                applied[worker].decode(
                    rounded.pointer, rowCount: batch.rowCount, .ofRows(batch), conditions: batch.conditions, applied.parameters,
                    mean: expected.pointer)
                CompressionSums.write(batch, expected.pointer, preparation, features: features, to: columns[12])
            }
            if heldOut > 0 { rank(batch, heldOut, worker: worker, means: expected, into: columns[11]) }
            if samples > 0 {
                var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: batch.rowCount)
                sampler.draw(samples, of: batch, worker: worker, mean: columns[0], logVariance: columns[1]) { _, _, logWeights in
                    for row in 0..<batch.rowCount { weights[row].add(logWeights[row]) }
                }
                for row in 0..<batch.rowCount {
                    columns[6][row] = Float(weights[row].logMean)
                    columns[7][row] = Float(weights[row].variance)
                }
            }
        } receive: { rows, columns in
            if !classes.isEmpty, let labels = source.labels {
                let texts: [String]
                do throws(HDF5Error) { texts = try labels.strings(source.selection.rows(rows)) } catch { throw Failure(error) }
                for (index, text) in texts.enumerated() where classes.contains(text) {
                    labelled += 1
                    right += text == classes[Self.largest(columns[10].pointer + index * classes.count, classes.count)] ? 1 : 0
                }
            }
            for block in stride(from: 0, to: rows.count, by: BlockPlan.blockSize) {
                sums.loss += BlockSums.read(columns[8].pointer, row: block)
            }
            for (index, row) in rows.enumerated() {
                sums.add(columns, index)
                table?.add(columns[9].pointer + index * features)
                if scale != nil { compression.add(columns[12].pointer + index * CompressionSums.width) }
                if heldOut > 0 { ranking.add(column: columns[11].pointer + index * HeldOutRanking.width) }
                guard kept.contains(row) else { continue }
                codes.append(row, columns[0].pointer + index * latent)
            }
        }
        if let table, world.isRoot { report.parts = table.losses(rows: source.rowCount) }
        if labelled > 0 { (report.classAccuracy, report.classifiedRows) = (Double(right) / Double(labelled), labelled) }
        if let scale, world.isRoot {
            let besides = (model.likelihood.takesCounts ? 4 : 0) + 4 * model.conditionSize + (preparation.librarySize > 0 ? 8 : 0)
            report.compression = compression.report(scale.type, source, rowBytes: Double(scale.type.size * latent + besides))
        }
        if heldOut > 0, world.isRoot {
            let rows = Double(max(ranking.rows, 1))
            report.heldOutRows = ranking.rows
            (report.recallAt20, report.recallAt50) = (ranking.recallAt20 / rows, ranking.recallAt50 / rows)
            report.ndcgAt100 = ranking.gainAt100 / rows
        }
        sums.fill(&report, samples: samples, isDistribution: model.likelihood.isDistribution)
        return Codebook(
            latentSize: latent, numbers: try world.fromRoot(codes.numbers), values: try world.fromRoot(codes.values))
    }

    /// Ranks what is held out of each row by the model's means for what is left of it.
    ///
    /// - Parameters:
    ///   - means: room for them, `[rows, features]`.
    ///   - columns: `[rows, HeldOutRanking.width]`
    private func rank(
        _ batch: Batch, _ share: Double, worker: Int, means: AlignedBuffer, into columns: UnsafeMutablePointer<Float>
    ) {
        let features = applied.model.inputSize
        let seen = AlignedBuffer(count: batch.rowCount * features)
        seen.pointer.update(from: batch.input, count: seen.count)
        let key = NoiseKey(seed: seed, epoch: 0, purpose: .heldOut)
        let held = (0..<batch.rowCount).map { row in
            let own = seen.pointer + row * features
            let held = HeldOutRanking.held((0..<features).filter { own[$0] != 0 }, row: batch.rows[row], share: share, key: key)
            for item in held { own[item] = 0 }
            return held
        }
        var left = batch
        left.input = UnsafePointer(seen.pointer)
        applied[worker].reconstruct(left, applied.parameters, into: means.pointer)
        for row in 0..<batch.rowCount {
            var ranking = HeldOutRanking()
            ranking.add(means.pointer + row * features, count: features, seen: seen.pointer + row * features, held: held[row])
            ranking.write(to: columns + row * HeldOutRanking.width)
        }
    }

    /// The place of the largest of some values, of equal ones the first.
    static func largest(_ values: UnsafePointer<Float>, _ count: Int) -> Int {
        (1..<count).reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }

    /// Sums over rows, one after the other.
    private struct Sums {
        let latent: any Latent
        /// Block by block.
        var loss = LossSums()
        var kl: [Double]
        /// Means of the codes, and sums of the squared deviations from them (Welford 1962).
        var mean: [Double]
        var squares: [Double]
        var count = 0.0
        var squaredError = 0.0
        var seen = 0.0
        var logLikelihood = 0.0
        var logLikelihoodSquares = 0.0
        var variance = 0.0

        init(_ latent: any Latent) {
            self.latent = latent
            kl = [Double](repeating: 0, count: latent.size)
            mean = kl
            squares = kl
        }

        mutating func add(_ columns: [AlignedBuffer], _ row: Int) {
            count += 1
            for i in kl.indices {
                let place = row * kl.count + i
                let (m, v) = (Double(columns[0].pointer[place]), Double(columns[1].pointer[place]))
                kl[i] += latent.kl(mean: m, logVariance: v)
                let difference = m - mean[i]
                mean[i] += difference / count
                squares[i] += difference * (m - mean[i])
            }
            squaredError += Double(columns[4].pointer[row])
            seen += Double(columns[5].pointer[row])
            let likelihood = Double(columns[6].pointer[row])
            // West 1979.
            let difference = likelihood - logLikelihood
            logLikelihood += difference / count
            logLikelihoodSquares += difference * (likelihood - logLikelihood)
            variance += Double(columns[7].pointer[row])
        }

        func fill(_ report: inout EvaluationReport, samples: Int, isDistribution: Bool) {
            let figures = Evaluation(loss)
            (report.rows, report.elbo) = (figures.rows, figures.elbo)
            (report.reconstruction, report.kl) = (figures.reconstruction, figures.kl)
            guard count > 0 else { return }
            report.klPerLatent = kl.map { $0 / count }
            report.activeUnits = squares.count { $0 / count > 0.01 }
            report.meanSquaredError = squaredError / max(seen, 1)
            if isDistribution, seen > 0 { report.bitsPerDimension = -report.elbo / (seen / count * Elementary.log(2)) }
            guard samples > 0 else { return }
            report.samples = samples
            report.logLikelihood = logLikelihood
            report.logLikelihoodError = variance.squareRoot() / count
            report.logLikelihoodRowError = (logLikelihoodSquares / max(count - 1, 1) / count).squareRoot()
        }
    }
}

/// The sums of a block of rows on their way through a ``RowSweep``, in a column that its first row has.
private enum BlockSums {
    /// The floats that the bytes of such sums take.
    static let width = MemoryLayout<LossSums>.size / 4

    static func write(_ sums: LossSums, to column: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(column).storeBytes(of: sums, as: LossSums.self)
    }

    static func read(_ column: UnsafePointer<Float>, row: Int) -> LossSums {
        UnsafeRawPointer(column + row * width).loadUnaligned(as: LossSums.self)
    }
}

/// The codes of some rows.
package struct Codebook {
    package let latentSize: Int
    /// The rows, by their numbers in the selection, in ascending order.
    var numbers: [Int] = []
    /// `[numbers.count, latentSize]`
    var values: [Float] = []

    package init(latentSize: Int, numbers: [Int] = [], values: [Float] = []) {
        self.latentSize = latentSize
        self.numbers = numbers
        self.values = values
    }

    var count: Int { numbers.count }

    mutating func append(_ number: Int, _ code: UnsafePointer<Float>) {
        numbers.append(number)
        values += UnsafeBufferPointer(start: code, count: latentSize)
    }
}

extension World {
    /// Root's array on every rank, whatever the others have. Collective.
    func fromRoot<Value: BitwiseCopyable>(_ values: [Value]) throws -> [Value] {
        try communicator.broadcast(values)
    }
}
