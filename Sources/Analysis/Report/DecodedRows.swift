internal import Datasets
internal import Foundation
internal import Importing
internal import Pages
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
    /// The features' names, in order; nil where they have none.
    let names: [String]?
    /// What is shown without a row's conditions, `[conditionSize]`.
    let conditions: [Float]

    /// - Parameter checkpoint: of the model.
    init(_ applied: AppliedModel, _ checkpoint: Checkpoint, _ configuration: Configuration) {
        self.applied = applied
        self.configuration = configuration
        preparation = checkpoint.preparation(configuration)
        shape = checkpoint.inputShape
        names = checkpoint.featureNames.isEmpty ? nil : checkpoint.featureNames
        conditions = checkpoint.conditions?.first ?? []
    }

    var model: Model { applied.model }
    var features: Int { model.inputSize }
    var hasPrior: Bool { model.latent.hasPrior }
    var image: ImageShape? { ImageShape(shape) }

    /// Images or rows at most, so that memory does not grow with the size of a row. Large images are then made smaller by half.
    func most(_ count: Int) -> Int {
        max(2, min(count, (image == nil ? 1 << 20 : 4 * HTMLPage.mostImageBytes) / features))
    }

    /// Decoded draws of the prior; nothing for a model without one, and for rows of named columns, which are no curves. Throws ``Failure``.
    func addSamples(to page: inout HTMLPage) throws {
        // Codes of a model of classes have no prior that is drawn from here.
        guard hasPrior, model.specification.classes == nil, image != nil || names == nil else { return }
        let fitting = most(image == nil ? 6 : 64)
        // Whole lines of a grid.
        let count = fitting > 8 ? fitting / 8 * 8 : fitting
        let codes = PriorCodes(
            count: count, latentSize: model.latentSize, seed: configuration.training.seed, deviation: model.latent.priorDeviation)
        let means = decode(codes)
        guard let image else {
            let charts = (0..<count).map { row in
                lines([(values: values(means, row), colour: Palette.colours[0])], title: "sample \(row)")
            }
            page.section("Samples", note: "Decoded draws of the prior\(binned).", HTMLPage.multiples(charts))
            return
        }
        let sheet = TileSheet(grid: grid(image, means, count: count, columns: codes.columns))
        page.section(
            "Samples", note: "Decoded draws of the prior: what the model makes of nothing.",
            try sheet.svg(alt: "\(count) images that the model decodes from draws of the prior"))
    }

    /// The most active latents, each on its way from -3 to 3. Throws ``Failure``.
    ///
    /// - Parameter embeddings: tell where the codes lie; without them only a model with a prior is shown, around 0.
    func addTraversals(_ embeddings: RunEmbeddings?, to page: inout HTMLPage) throws {
        let size = model.latentSize
        guard embeddings != nil || hasPrior, image != nil || names == nil else { return }
        let steps = image == nil ? 5 : 9
        // Where there is no prior the codes have a standard deviation.
        let units =
            hasPrior
            ? [Double](repeating: Double(model.latent.priorDeviation), count: size)
            : embeddings!.codeVariance.map { $0.squareRoot() }
        let shown = min(image == nil ? 4 : 10, size, max(1, most(image == nil ? 20 : 90) / steps))
        let latents = Array(byActivity(embeddings).prefix(shown))
        let codes = ListedCodes.traversal(
            latents, around: embeddings?.codeMean ?? units.map { _ in 0 }, units: units, steps: steps, about: [])
        let means = decode(codes)
        let unit = hasPrior ? "" : " standard deviations"
        let centre = embeddings == nil ? "0" : "the mean code"
        let names = latents.map { String($0) }.joined(separator: ", ")
        let places = (0..<steps).map { String(format: "%g", -3 + 6 * Double($0) / Double(steps - 1)) }
        guard let image else {
            let charts = latents.indices.map { index in
                lines(
                    Palette.diverging.indices.map { (values: values(means, index * steps + $0), colour: Palette.diverging[$0]) },
                    title: "latent \(latents[index])")
            }
            page.section(
                "Traversals", note: "The most active latents (\(names)) from -3 to 3\(unit) around \(centre)\(binned).",
                HTMLPage.multiples(charts) + HTMLPage.legend(zip(places, Palette.diverging).map { (name: $0, colour: $1) }))
            return
        }
        let sheet = TileSheet(
            grid: grid(image, means, count: codes.count, columns: steps), lineNames: latents.map { "latent \($0)" },
            columnNames: places)
        page.section(
            "Traversals",
            note: "Each of the most active latents from -3 to 3\(unit) around \(centre), the others left as they are.",
            try sheet.svg(alt: "Decoded images, a line for each of the latents \(names), from -3 at the left to 3 at the right"))
    }

    /// The latents, those that carry most first: by KL, or by the variance of their codes where there is no prior.
    func byActivity(_ embeddings: RunEmbeddings?) -> [Int] {
        let activity = hasPrior ? embeddings?.klPerLatent : embeddings?.codeVariance
        guard let activity else { return Array(0..<model.latentSize) }
        return activity.indices.sorted { (-activity[$0], $0) < (-activity[$1], $1) }
    }

    /// Means of codes, `[codes.count, features]`, as the model has them.
    ///
    /// - Parameter library: the sum of a row's counts, where means are shares of it.
    func decode(_ codes: any CodeSource, library: Float = RowLibrary.usual) -> AlignedBuffer {
        let latent = AlignedBuffer(count: codes.count * model.latentSize)
        let means = AlignedBuffer(count: codes.count * features)
        codes.fill(latent.pointer, 0..<codes.count)
        let conditions = RepeatedConditions(conditions, rows: codes.count)
        applied[0].decode(
            latent.pointer, rowCount: codes.count, .given(library), conditions: conditions?.pointer, applied.parameters,
            mean: means.pointer)
        return means
    }

    func values(_ rows: AlignedBuffer, _ row: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: rows.pointer + row * features, count: features))
    }

    private func grid(_ shape: ImageShape, _ means: AlignedBuffer, count: Int, columns: Int) -> ImageGrid {
        let rows = preparation.restore(means.pointer, rows: count, features: features)
        var grid = ImageGrid(shape, columns: columns, most: count)
        for row in 0..<count where !grid.isFull { grid.add(rows.pointer + row * features) }
        return grid
    }
}

/// Rows that are no images.
extension DecodedRows {
    private static let mostPoints = 200

    /// Features that one point of a line is the mean of.
    private var featuresPerPoint: Int { (features + Self.mostPoints - 1) / Self.mostPoints }

    var binned: String { featuresPerPoint == 1 ? "" : "; a point is the mean of \(featuresPerPoint) features" }

    /// What a feature is called.
    func name(_ feature: Int) -> String { names?[feature] ?? "feature \(feature)" }

    /// Some rows as lines over their features, in the units that the model sees, with a title above.
    func lines(_ rows: [(values: [Float], colour: String)], title: String) -> String {
        let lines = rows.map { row in
            stride(from: 0, to: features, by: featuresPerPoint).compactMap { first -> (Double, Double)? in
                let some = row.values[first..<min(first + featuresPerPoint, features)].filter(\.isFinite)
                if some.isEmpty { return nil }
                return (Double(first) + Double(featuresPerPoint - 1) / 2, some.reduce(0) { $0 + Double($1) } / Double(some.count))
            }
        }
        let all = lines.flatMap { $0.map(\.1) }
        // Names that have room stand at the axis.
        let fitting = names.flatMap { names in names.joined().count + 2 * names.count <= 36 ? names : nil }
        var chart = Chart(
            x: 0...Double(max(features - 1, 1)), y: (all.min() ?? 0)...(all.max() ?? 1), height: 240,
            xTicks: fitting?.enumerated().map { Chart.Tick(Double($0), $1) }, wholeX: true)
        for (line, row) in zip(lines, rows) where !line.isEmpty { chart.line(line, colour: row.colour) }
        let range = String(format: "from %.4g to %.4g", all.min() ?? 0, all.max() ?? 0)
        let svg = chart.svg(
            xTitle: "feature", yTitle: "value",
            alt: "\(title): \(rows.count) \(rows.count == 1 ? "line" : "lines") over \(features) features, values \(range)")
        return HTMLPage.note(title) + svg
    }
}
