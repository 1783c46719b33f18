public import Datasets
internal import Distributed
internal import Randomness
internal import Support
internal import Training
internal import VAE

extension TrainedModel {
    /// Writes the codes of all rows of a data set in few bytes, with what ``reconstruct(codes:rows:_:)`` needs to give the rows back. Collective; throws
    /// ``SharedFailure``.
    ///
    /// Memory does not grow with the number of rows; `int8` takes them through the encoder twice, first for the least and largest values.
    public func writeCodes(_ data: String, _ options: DataOptions, to output: String, as type: CodeType, force: Bool) throws {
        try world.onRoot {
            try OutputFiles([.init("--output", output)], force: force).check(data: [data], files: files)
            try checkDecodes("--dtype")
        }
        let source = try open(data, options)
        let scale = try codeScale(type, source)
        var file: CodeFile?
        let (size, conditionSize) = (model.latentSize, model.conditionSize)
        let hasLibrary = model.likelihood.takesCounts
        try world.onRoot {
            file = try CodeFile(
                output, source, scale, hasLibrary: hasLibrary, conditionSize: conditionSize, hasSum: preparation.librarySize > 0,
                checkpoint)
        }
        try codeSweep.run(source, source.selection, columns: [size, hasLibrary ? 1 : 0, conditionSize]) {
            worker, batch, columns in
            applied[worker].encode(batch, applied.parameters, mean: columns[0])
            if hasLibrary {
                for row in 0..<batch.rowCount {
                    // Whole numbers, whose sum in double precision is exact.
                    let own = batch.input + row * model.inputSize
                    columns[1][row] = Float((0..<model.inputSize).reduce(0.0) { $0 + Double(own[$1]) })
                }
            }
            if let conditions = batch.conditions { columns[2].update(from: conditions, count: batch.rowCount * conditionSize) }
        } receive: { rows, columns in
            try file!.write(rows, means: columns[0].pointer, sums: columns[1].pointer, conditions: columns[2].pointer)
        }
        try world.onRoot { try file!.finish() }
    }

    /// How a data set's codes are kept. Collective.
    func codeScale(_ type: CodeType, _ source: DataSource) throws -> CodeScale {
        let size = model.latentSize
        var low = [Float](repeating: .infinity, count: size)
        var high = [Float](repeating: -.infinity, count: size)
        guard type == .int8 else { return CodeScale(type, low: low, high: high) }
        try codeSweep.run(source, source.selection, columns: [size]) { worker, batch, columns in
            applied[worker].encode(batch, applied.parameters, mean: columns[0])
        } receive: { rows, columns in
            for i in 0..<rows.count * size {
                low[i % size] = min(low[i % size], columns[0].pointer[i])
                high[i % size] = max(high[i % size], columns[0].pointer[i])
            }
        }
        return CodeScale(type, low: try world.fromRoot(low), high: try world.fromRoot(high))
    }

    private var codeSweep: RowSweep {
        RowSweep(
            world: world, pool: pool, preparation: preparation,
            noise: NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation))
    }

    /// Throws ``Failure`` (78) where rows cannot be decoded from codes and their sums alone.
    func checkDecodes(_ flag: String) throws(Failure) {
        guard model.likelihood.takesCounts else { return }
        let reason =
            model.specification.seesMask
            ? "counts of which some are missing" : !configuration.model.likelihoods.isEmpty ? "tables with counts" : nil
        if let reason {
            throw Failure(.configuration, "\(flag): rows of \(reason) cannot be decoded from their codes alone: leave it out")
        }
    }
}
