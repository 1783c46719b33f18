internal import Datasets
internal import Distributed
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

    /// Fills in, on root, the figures of all rows; gives the codes of some of them, on all ranks. Collective.
    ///
    /// - Parameters:
    ///   - figures: what is found out besides the loss.
    ///   - kept: whose codes are given, by their numbers among the rows.
    func measure(
        _ source: DataSource, _ figures: [any RowFigures], keeping kept: RowSet, into report: inout EvaluationReport
    ) throws -> Codebook {
        let model = applied.model
        let (latent, features) = (model.latentSize, model.inputSize)
        // As in `Evaluator`.
        let noise = NoiseKey(seed: seed, epoch: 0, purpose: .validation)
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        var sums = Sums(model.latent)
        var table = parts.map { TableSums($0) }
        var codes = Codebook(latentSize: latent)
        // Mean, logarithm of the variance, reconstruction and KL of each row, the sums of a block, the columns of a table; then the figures.
        let own = [latent, latent, 1, 1, BlockSums.width, parts == nil ? 0 : features]
        try sweep.run(source, source.selection, columns: own + figures.map(\.width)) { worker, batch, columns in
            var rows = Inference.Rows(columns)
            if parts != nil { rows.columns = columns[5] }
            BlockSums.write(applied[worker].evaluate(batch, applied.parameters, noise: noise, into: rows), to: columns[4])
            let expected = AlignedBuffer(count: batch.rowCount * features)
            applied[worker].decode(
                columns[0], rowCount: batch.rowCount, .ofRows(batch), conditions: batch.conditions, applied.parameters,
                mean: expected.pointer)
            let evaluated = EvaluatedBatch(
                batch: batch, worker: worker, mean: columns[0], logVariance: columns[1], expected: expected.pointer)
            for (some, column) in zip(figures, columns[own.count...]) { some.write(evaluated, into: column) }
        } receive: { rows, columns in
            for block in stride(from: 0, to: rows.count, by: BlockPlan.blockSize) {
                sums.loss += BlockSums.read(columns[4].pointer, row: block)
            }
            for (index, row) in rows.enumerated() {
                sums.add(columns, index)
                table?.add(columns[5].pointer + index * features)
                guard kept.contains(row) else { continue }
                codes.append(row, columns[0].pointer + index * latent)
            }
            for (some, column) in zip(figures, columns[own.count...]) { try some.add(column.pointer, rows: rows) }
        }
        if world.isRoot {
            sums.fill(&report)
            if let table { report.parts = table.losses(rows: source.rowCount) }
            for some in figures { some.fill(&report) }
        }
        return Codebook(
            latentSize: latent, numbers: try world.fromRoot(codes.numbers), values: try world.fromRoot(codes.values))
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
        }

        func fill(_ report: inout EvaluationReport) {
            let figures = Evaluation(loss)
            (report.rows, report.elbo) = (figures.rows, figures.elbo)
            (report.reconstruction, report.kl) = (figures.reconstruction, figures.kl)
            guard count > 0 else { return }
            report.klPerLatent = kl.map { $0 / count }
            report.activeUnits = squares.count { $0 / count > 0.01 }
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
