internal import Datasets
internal import Foundation
internal import Importing
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Rows that a model decodes, for a page: images as a grid of them, other rows as lines over their features. Used by root alone.
struct DecodedRows {
    let applied: AppliedModel
    let preparation: Preparation
    let configuration: Configuration
    /// The shape of a row.
    let shape: [Int]

    /// What is shown without a row's conditions, `[conditionSize]`.
    let conditions: [Float]

    private var model: Model { applied.model }
    private var features: Int { model.inputSize }
    private var hasPrior: Bool { model.latent.hasPrior }
    private var image: ImageShape? { ImageShape(shape) }

    /// Images or rows at most, so that memory does not grow with the size of a row. Large images are then made smaller by half.
    private func most(_ count: Int) -> Int {
        max(2, min(count, (image == nil ? 1 << 20 : 4 * HTMLPage.mostImageBytes) / features))
    }

    /// The first rows of the data and what the model takes them for. Throws ``Failure``.
    func addReconstructions(of source: DataSource, to page: inout HTMLPage) throws {
        let first = try firstRows(of: source)
        guard let image else {
            let batch = first.batch
            let charts = first.rows.indices.map { row in
                var original = [Float](UnsafeBufferPointer(start: batch.input + row * features, count: features))
                // What is missing is not drawn.
                if let mask = batch.mask { for i in 0..<features where mask[row * features + i] == 0 { original[i] = .nan } }
                return lines(
                    [(values: original, colour: "#888888"), (values: values(first.means, row), colour: Palette.colours[1])],
                    title: "row \(first.rows[row])")
            }
            page.section(
                "Reconstructions", note: "The first rows, as the model sees them, and what it takes them for\(binned).",
                HTMLPage.multiples(charts)
                    + HTMLPage.legend([(name: "row", colour: "#888888"), (name: "reconstruction", colour: Palette.colours[1])]))
            return
        }
        page.section(
            "Reconstructions", note: "The first rows, each beside what the model takes it for.",
            try HTMLPage.image(pairs(image, of: source, first), alt: "originals beside their reconstructions"))
    }

    /// The first rows as images, each beside what the model takes it for; nil for rows that are none. Throws ``Failure``.
    func reconstructions(of source: DataSource) throws -> Bitmap? {
        try image.map { try pairs($0, of: source, firstRows(of: source)) }
    }

    /// Rows, and what the model takes them for.
    private struct FirstRows {
        let rows: [Int64]
        /// Holds the batch.
        let buffer: BatchBuffer
        let batch: Batch
        let means: AlignedBuffer
    }

    private func firstRows(of source: DataSource) throws -> FirstRows {
        let count = min(most(image == nil ? 6 : 32), source.rowCount)
        let preparation = self.preparation.withoutLikelihood
        let rows = source.selection.rows(0..<count)
        let store = RowStore(format: source.format, capacity: count)
        try RowLoader(source, preparation).load(rows, into: store, at: 0)
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        let buffer = BatchBuffer(capacity: count, format: source.format, preparation: preparation)
        let batch = buffer.fill(count: count, noise: noise) { store.row($0) }
        let means = AlignedBuffer(count: count * features)
        applied[0].reconstruct(batch, applied.parameters, into: means.pointer)
        return FirstRows(rows: rows, buffer: buffer, batch: batch, means: means)
    }

    private func pairs(_ image: ImageShape, of source: DataSource, _ first: FirstRows) throws -> Bitmap {
        let count = first.rows.count
        let restored = preparation.withoutLikelihood.restore(first.means.pointer, rows: count, features: features)
        let originals = try ExactRows(source, .everything(missing: true)).values(first.rows)
        var grid = ImageGrid(image, group: 2, columns: 8, most: 2 * count)
        for row in 0..<count where !grid.isFull {
            grid.add(originals.pointer + row * features, setsRange: false)
            grid.add(restored.pointer + row * features)
        }
        return grid.bitmap()
    }

    /// Decoded draws of the prior; nothing for a model without one. Throws ``Failure``.
    func addSamples(to page: inout HTMLPage) throws {
        guard hasPrior else { return }
        let fitting = most(image == nil ? 6 : 64)
        // Whole lines of a grid.
        let count = fitting > 8 ? fitting / 8 * 8 : fitting
        let codes = PriorCodes(count: count, latentSize: model.latentSize, seed: configuration.training.seed)
        let means = decode(codes)
        guard let image else {
            let charts = (0..<count).map { row in
                lines([(values: values(means, row), colour: Palette.colours[0])], title: "sample \(row)")
            }
            page.section("Samples", note: "Decoded draws of the prior\(binned).", HTMLPage.multiples(charts))
            return
        }
        page.section(
            "Samples", note: "Decoded draws of the prior.",
            try grid(image, means, count: count, columns: codes.columns, alt: "samples of the prior"))
    }

    /// The most active latents, each on its way from -3 to 3. Throws ``Failure``.
    ///
    /// - Parameter embeddings: tell where the codes lie; without them only a model with a prior is shown, around 0.
    func addTraversals(_ embeddings: RunEmbeddings?, to page: inout HTMLPage) throws {
        let size = model.latentSize
        guard embeddings != nil || hasPrior else { return }
        let steps = image == nil ? 5 : 9
        let ones = [Double](repeating: 1, count: size)
        // The prior's standard deviation is 1; without a prior the codes have one.
        let units = hasPrior ? ones : embeddings!.codeVariance.map { $0.squareRoot() }
        let activity = hasPrior ? embeddings?.klPerLatent ?? ones : embeddings!.codeVariance
        let shown = min(image == nil ? 4 : 10, size, max(1, most(image == nil ? 20 : 90) / steps))
        let latents = Array((0..<size).sorted { (-activity[$0], $0) < (-activity[$1], $1) }.prefix(shown))
        let codes = ListedCodes.traversal(
            latents, around: embeddings?.codeMean ?? ones.map { _ in 0 }, units: units, steps: steps, about: [])
        let means = decode(codes)
        let unit = hasPrior ? "" : " standard deviations"
        let centre = embeddings == nil ? "0" : "the mean code"
        let names = latents.map { String($0) }.joined(separator: ", ")
        guard let image else {
            let colours = ["#2166ac", "#92c5de", "#999999", "#f4a582", "#b2182b"]
            let charts = latents.indices.map { index in
                lines(
                    colours.indices.map { (values: values(means, index * steps + $0), colour: colours[$0]) },
                    title: "latent \(latents[index])")
            }
            let places = ["-3", "-1.5", "0", "1.5", "3"]
            page.section(
                "Traversals", note: "The most active latents (\(names)) from -3 to 3\(unit) around \(centre)\(binned).",
                HTMLPage.multiples(charts) + HTMLPage.legend(zip(places, colours).map { (name: $0, colour: $1) }))
            return
        }
        page.section(
            "Traversals", note: "From -3 to 3\(unit) around \(centre), a line for each of the most active latents: \(names).",
            try grid(image, means, count: codes.count, columns: steps, alt: "traversals of latents"))
    }

    private func decode(_ codes: any CodeSource) -> AlignedBuffer {
        let latent = AlignedBuffer(count: codes.count * model.latentSize)
        let means = AlignedBuffer(count: codes.count * features)
        codes.fill(latent.pointer, 0..<codes.count)
        let conditions = RepeatedConditions(conditions, rows: codes.count)
        applied[0].decode(
            latent.pointer, rowCount: codes.count, .given(RowLibrary.usual), conditions: conditions?.pointer, applied.parameters,
            mean: means.pointer)
        return means
    }

    private func values(_ rows: AlignedBuffer, _ row: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: rows.pointer + row * features, count: features))
    }

    private func grid(_ shape: ImageShape, _ means: AlignedBuffer, count: Int, columns: Int, alt: String) throws -> String {
        let rows = preparation.restore(means.pointer, rows: count, features: features)
        var grid = ImageGrid(shape, columns: columns, most: count)
        for row in 0..<count where !grid.isFull { grid.add(rows.pointer + row * features) }
        return try HTMLPage.image(grid.bitmap(), alt: alt)
    }
}

/// Rows that are no images.
extension DecodedRows {
    private static let mostPoints = 200

    /// Features that one point of a line is the mean of.
    private var featuresPerPoint: Int { (features + Self.mostPoints - 1) / Self.mostPoints }

    private var binned: String { featuresPerPoint == 1 ? "" : "; a point is the mean of \(featuresPerPoint) features" }

    /// Some rows as lines over their features, in the units that the model sees.
    private func lines(_ rows: [(values: [Float], colour: String)], title: String) -> String {
        let lines = rows.map { row in
            stride(from: 0, to: features, by: featuresPerPoint).compactMap { first -> (Double, Double)? in
                let some = row.values[first..<min(first + featuresPerPoint, features)].filter(\.isFinite)
                if some.isEmpty { return nil }
                return (Double(first) + Double(featuresPerPoint - 1) / 2, some.reduce(0) { $0 + Double($1) } / Double(some.count))
            }
        }
        let all = lines.flatMap { $0.map(\.1) }
        var chart = Chart(x: 0...Double(max(features - 1, 1)), y: (all.min() ?? 0)...(all.max() ?? 1), height: 240, wholeX: true)
        for (line, row) in zip(lines, rows) where !line.isEmpty { chart.line(line, colour: row.colour) }
        return chart.svg(xTitle: "\(title), by feature", yTitle: "value", alt: title)
    }
}
