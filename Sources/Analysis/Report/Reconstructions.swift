internal import Datasets
internal import Foundation
internal import HDF5
internal import Importing
internal import Pages
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Rows beside what a model takes them for: some that it was not trained on, and those that it takes for something else.
/// Used by root alone.
struct Reconstructions {
    let decoded: DecodedRows
    let source: DataSource
    /// Tell which rows were held out, and how far each is off; nil where nothing is known of that.
    let embeddings: RunEmbeddings?

    /// A row that is shown.
    private struct Row {
        let number: Int64
        var part: Part?
        /// -log p(x | z), nats.
        var error: Float?
        var label = ""

        /// In a line.
        var words: String {
            let error = error.map { "\(HTMLPage.number(Double($0))) nats" }
            return ["row \(number)", label.isEmpty ? nil : label, part?.name, error].compactMap(\.self).joined(separator: ", ")
        }

        /// Below an image: in lines that are short.
        var caption: [String] {
            let fraction = Double(label).flatMap { Int(exactly: $0) == nil && $0.isFinite ? String(format: "%.3g", $0) : nil }
            let label = fraction ?? (label.count > 7 ? "\(label.prefix(6))…" : label)
            return [label.isEmpty ? "row \(number)" : label, error.map { HTMLPage.number(Double($0)) }]
                .compactMap(\.self)
        }
    }

    /// Rows, and what the model takes them for.
    private struct Decoded {
        /// Holds the batch.
        let buffer: BatchBuffer
        let batch: Batch
        let means: AlignedBuffer
    }

    /// Throws ``Failure``.
    func add(to page: inout HTMLPage) throws {
        let held = embeddings?.someHeldOut ?? []
        let first = held.isEmpty ? firstRows() : try rows(held)
        let which =
            (held.first?.part).map { $0 == .train ? "Rows that were trained on" : "\($0.name.capitalized) rows" }
            ?? "The first rows"
        let isImage = decoded.image != nil
        let name = first.contains { !$0.label.isEmpty } ? "label" : "number"
        let errors =
            held.isEmpty || !isImage ? "" : " Below each pair are its \(name) and its reconstruction error in nats."
        try add(
            Array(first.prefix(decoded.most(isImage ? 32 : 6))), "Reconstructions",
            "\(which), each beside what the model takes it for.\(errors)",
            to: &page)
        guard let embeddings, embeddings.worst.count > 1 else { return }
        let worst = try rows(Array(embeddings.worst.prefix(decoded.most(isImage ? 16 : 6))))
        try add(
            worst, "Worst rows",
            "The rows with the largest reconstruction errors of \(embeddings.readCount), the worst first.\(errors)",
            to: &page)
    }

    /// The first rows as images, each beside what the model takes it for; nil for rows that are none. Throws ``Failure``.
    func bitmap() throws -> Bitmap? {
        try decoded.image.map { try pairs($0, Array(firstRows().prefix(decoded.most(32)))).bitmap() }
    }

    private func firstRows() -> [Row] {
        source.selection.rows(0..<min(32, source.rowCount)).map { Row(number: $0) }
    }

    private func rows(_ known: [RunEmbeddings.Row]) throws -> [Row] {
        do throws(HDF5Error) {
            let labels = try embeddings!.labels(of: known)
            return known.map { Row(number: $0.row, part: $0.part, error: $0.error, label: labels[$0.place] ?? "") }
        } catch {
            throw Failure(error)
        }
    }

    private func add(_ rows: [Row], _ heading: String, _ note: String, to page: inout HTMLPage) throws {
        guard let image = decoded.image else {
            page.section(
                heading, note: "\(note) Values are as the model sees them\(decoded.binned).",
                HTMLPage.multiples(try charts(rows))
                    + HTMLPage.legend([
                        (name: "row", colour: Palette.reference), (name: "reconstruction", colour: Palette.colours[1]),
                    ]))
            return
        }
        let sheet = TileSheet(grid: try pairs(image, rows), captions: rows.map(\.caption))
        page.section(
            heading, note: note,
            try sheet.svg(
                alt: "\(rows.count) images beside their reconstructions: \(rows.prefix(8).map(\.words).joined(separator: "; "))"))
    }

    private func decode(_ numbers: [Int64]) throws -> Decoded {
        let (count, features) = (numbers.count, decoded.features)
        let preparation = decoded.preparation.withoutLikelihood
        let store = RowStore(format: source.format, capacity: count)
        try RowLoader(source, preparation).load(numbers, into: store, at: 0)
        let noise = NoiseKey(seed: decoded.configuration.training.seed, epoch: 0, purpose: .validation)
        let buffer = BatchBuffer(capacity: count, format: source.format, preparation: preparation)
        let batch = buffer.fill(count: count, noise: noise) { store.row($0) }
        let means = AlignedBuffer(count: count * features)
        decoded.applied[0].reconstruct(batch, decoded.applied.parameters, into: means.pointer)
        return Decoded(buffer: buffer, batch: batch, means: means)
    }

    private func pairs(_ image: ImageShape, _ rows: [Row]) throws -> ImageGrid {
        let (numbers, features) = (rows.map(\.number).sorted(), decoded.features)
        let means = try decode(numbers).means
        let restored = decoded.preparation.withoutLikelihood.restore(means.pointer, rows: rows.count, features: features)
        let originals = try ExactRows(source, .everything(missing: true)).values(numbers)
        var grid = ImageGrid(image, group: 2, columns: 8, most: 2 * rows.count)
        for row in rows where !grid.isFull {
            let place = numbers.firstIndex(of: row.number)! * features
            grid.add(originals.pointer + place, setsRange: false)
            grid.add(restored.pointer + place)
        }
        return grid
    }

    /// A chart for each row, with the features in which it is furthest off.
    private func charts(_ rows: [Row]) throws -> [String] {
        let (numbers, features) = (rows.map(\.number).sorted(), decoded.features)
        let all = try decode(numbers)
        return rows.map { row in
            let place = numbers.firstIndex(of: row.number)!
            var original = [Float](UnsafeBufferPointer(start: all.batch.input + place * features, count: features))
            // What is missing is not drawn.
            if let mask = all.batch.mask {
                for i in 0..<features where mask[place * features + i] == 0 { original[i] = .nan }
            }
            let means = decoded.values(all.means, place)
            let chart = decoded.lines(
                [(values: original, colour: Palette.reference), (values: means, colour: Palette.colours[1])],
                title: row.words)
            let differences = zip(original, means).map { abs($0 - $1) }
            let furthest = differences.indices.filter { differences[$0].isFinite }
                .sorted { (-differences[$0], $0) < (-differences[$1], $1) }.prefix(3)
            let words = furthest.map { feature in
                let value = Double(original[feature])
                // Counts have no digits after a point.
                let text = value == value.rounded() && abs(value) < 1e7 ? String(format: "%.0f", value) : HTMLPage.number(value)
                return "\(decoded.name(feature)): \(text), taken for \(HTMLPage.number(Double(means[feature])))"
            }
            return chart + HTMLPage.note("Furthest off: \(words.joined(separator: "; ")).")
        }
    }
}
