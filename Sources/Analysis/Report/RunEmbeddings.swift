internal import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Support
internal import VAE

/// What a report says of a run's embeddings.
struct RunEmbeddings {
    /// A row whose figures are known.
    struct Row {
        let source: UInt8
        /// In its source.
        let row: Int64
        let part: Part
        /// In the file of embeddings.
        let place: Int
        /// -log p(x | z), nats.
        let error: Float
    }

    /// Rows in the file, and those that were read: all, or of very many some blocks, evenly over them.
    let count: Int
    private(set) var readCount = 0
    /// Steps that the model had been trained for; nil where the file does not say.
    let step: Int?
    /// Means over these rows, in nats.
    private(set) var klPerLatent: [Double]
    /// Of the codes, latent by latent.
    private(set) var codeMean: [Double]
    private(set) var codeVariance: [Double]
    /// The codes of some rows, evenly over all, `[points.count, latents]`.
    private(set) var codes: [Double] = []
    private(set) var points: [Row] = []
    /// Of each part the first rows of the first source.
    private(set) var first: [Part: [Row]] = [:]
    /// Those of the first source with the largest errors, the worst first.
    private(set) var worst: [Row] = []
    private let labels: RowValues?

    /// Latents that carry something of the data: those whose codes have a variance above 0.01 (Burda et al. 2016, section 5.2).
    var activeLatents: [Int] { codeVariance.indices.filter { codeVariance[$0] > 0.01 } }

    /// More than any model has; of each a piece of rows is in memory.
    private static let mostLatents = 1 << 14
    private static let mostPoints = 3000
    private static let piece = 1 << 14
    private static let mostPieces = 32
    private static let mostWorst = 16
    private static let mostFirst = 32

    /// Reads a file of embeddings, piece by piece; nil for one whose data sets do not fit each other. Throws ``HDF5Error``.
    init?(_ path: String) throws(HDF5Error) {
        let file = try File.open(path)
        let (mean, logVariance) = (try file.dataset("/latent/mean"), try file.dataset("/latent/log_variance"))
        let (errors, elbos) = (try file.dataset("/reconstruction_error"), try file.dataset("/elbo"))
        let (numbers, sources, parts) = (try file.dataset("/row"), try file.dataset("/source"), try file.dataset("/split"))
        count = mean.rowCount
        let size = mean.rowSize
        guard mean.shape.count == 2, 1...Self.mostLatents ~= size, logVariance.shape == mean.shape,
            [errors, elbos, numbers, sources, parts].allSatisfy({ $0.shape == [mean.rowCount] })
        else { return nil }
        if case .integer(let steps)? = try file.attribute("step") { step = Int(steps) } else { step = nil }
        labels = try RowValues(file, "/label", count: count)
        var (kl, sum, squares) = (
            [Double](repeating: 0, count: size), [Double](repeating: 0, count: size), [Double](repeating: 0, count: size)
        )
        let pieces = (count + Self.piece - 1) / Self.piece
        let skip = max(1, (pieces + Self.mostPieces - 1) / Self.mostPieces)
        // The covariance of the map's points takes their number times the square of the latents.
        let mostPoints = max(100, min(Self.mostPoints, (1 << 30) / (size * size)))
        let step = max(1, (count / skip + mostPoints - 1) / mostPoints)
        for piece in stride(from: 0, to: pieces, by: skip) {
            Heartbeat.beat()
            let rows = piece * Self.piece..<min((piece + 1) * Self.piece, count)
            let (m, v) = (try mean.read(Float.self, rows: rows), try logVariance.read(Float.self, rows: rows))
            let (error, bounds) = (try errors.read(Float.self, rows: rows), try elbos.read(Float.self, rows: rows))
            let (number, source, part) = (
                try numbers.read(Int64.self, rows: rows), try sources.read(UInt8.self, rows: rows),
                try parts.read(UInt8.self, rows: rows)
            )
            func row(_ place: Int) -> Row {
                let index = place - rows.lowerBound
                return Row(
                    source: source[index], row: number[index], part: Part(rawValue: part[index]) ?? .new, place: place,
                    error: error[index])
            }
            // Rows far beyond all that was trained on may have no finite figures.
            let finite = rows.filter { row in
                let own = (row - rows.lowerBound) * size..<(row - rows.lowerBound + 1) * size
                return bounds[row - rows.lowerBound].isFinite && own.allSatisfy { m[$0].isFinite && v[$0].isFinite }
            }
            for row in finite {
                for latent in 0..<size {
                    let place = (row - rows.lowerBound) * size + latent
                    let (mean, variance) = (Double(m[place]), Double(v[place]))
                    kl[latent] += 0.5 * (mean * mean + Elementary.exp(variance) - 1 - variance)
                    sum[latent] += mean
                    squares[latent] += mean * mean
                }
            }
            readCount += finite.count
            let some = finite.filter { $0 % step == 0 }
            for row in some { codes += m[(row - rows.lowerBound) * size..<(row - rows.lowerBound + 1) * size].map(Double.init) }
            points += some.map(row)
            let own = finite.filter { source[$0 - rows.lowerBound] == 0 }
            for place in own {
                let part = Part(rawValue: part[place - rows.lowerBound]) ?? .new
                if first[part, default: []].count < Self.mostFirst { first[part, default: []].append(row(place)) }
            }
            let bad = own.sorted { (-error[$0 - rows.lowerBound], $0) < (-error[$1 - rows.lowerBound], $1) }.prefix(
                Self.mostWorst)
            worst = Array((worst + bad.map(row)).sorted { (-$0.error, $0.place) < (-$1.error, $1.place) }.prefix(Self.mostWorst))
        }
        let total = Double(max(readCount, 1))
        klPerLatent = kl.map { $0 / total }
        let means = sum.map { $0 / total }
        codeMean = means
        codeVariance = zip(squares, means).map { max(0, $0 / total - $1 * $1) }
    }

    /// The points of the first source that were of use for nothing but to look at, where there are some: test rows, or else those that were
    /// validated on, or those that were trained on.
    var heldOut: (part: Part, rows: [Row])? { Self.heldOut { part in points.filter { $0.source == 0 && $0.part == part } } }

    /// Some of such rows, evenly over them: neighbours in time or of one class are all alike. The first ones where the points have too few.
    var someHeldOut: [Row] {
        guard let (part, few) = Self.heldOut({ first[$0] ?? [] }) else { return [] }
        let all = points.filter { $0.source == 0 && $0.part == part }
        return all.count < Self.mostFirst ? few : (0..<Self.mostFirst).map { all[$0 * all.count / Self.mostFirst] }
    }

    private static func heldOut(_ rows: (Part) -> [Row]) -> (part: Part, rows: [Row])? {
        for part in [Part.test, .validation, .train] {
            let rows = rows(part)
            if !rows.isEmpty { return (part, rows) }
        }
        return nil
    }

    /// What the points are coloured by: their labels; nil where there are none. - Parameter name: of the labels.
    func labelValues(_ name: String = "label") throws(HDF5Error) -> PointValues? {
        guard let labels else { return nil }
        return try PointValues(name, labels, points.map { Int64($0.place) })
    }

    /// The labels of some rows, by their places in ascending order; empty texts where there are none.
    func labels(of rows: [Row]) throws(HDF5Error) -> [Int: String] {
        guard let labels else { return [:] }
        let places = rows.map { Int64($0.place) }.sorted()
        return Dictionary(zip(places.map { Int($0) }, try labels.strings(places))) { first, _ in first }
    }
}
