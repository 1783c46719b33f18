internal import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Support
internal import VAE

/// What a report says of a run's embeddings.
struct RunEmbeddings {
    /// Rows in the file, and those that were read: all, or of very many some blocks, evenly over them.
    let count: Int
    private(set) var readCount = 0
    /// Means over these rows, in nats.
    private(set) var elbo = 0.0
    private(set) var klPerLatent: [Double]
    /// Of the codes, latent by latent.
    private(set) var codeMean: [Double]
    private(set) var codeVariance: [Double]
    /// The codes of some rows, evenly over all, `[rows, latents]`, and their labels.
    private(set) var codes: [Double] = []
    /// Empty where a row has none.
    private(set) var labels: [String] = []

    private static let mostPoints = 3000
    private static let piece = 1 << 14
    private static let mostPieces = 32

    /// Reads a file of embeddings, piece by piece; nil for one whose data sets do not fit each other. Throws ``HDF5Error``.
    init?(_ path: String) throws(HDF5Error) {
        let file = try File.open(path)
        let (mean, logVariance, elbos) = (
            try file.dataset("/latent/mean"), try file.dataset("/latent/log_variance"), try file.dataset("/elbo")
        )
        count = mean.rowCount
        let size = mean.rowSize
        guard mean.shape.count == 2, size > 0, logVariance.shape == mean.shape, elbos.shape == [count] else {
            return nil
        }
        let values = try RowValues(file, "/label", count: count)
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
            let bounds = try elbos.read(Float.self, rows: rows)
            // Rows far beyond all that was trained on may have no finite figures.
            let finite = rows.filter { row in
                let own = (row - rows.lowerBound) * size..<(row - rows.lowerBound + 1) * size
                return bounds[row - rows.lowerBound].isFinite && own.allSatisfy { m[$0].isFinite && v[$0].isFinite }
            }
            for row in finite {
                elbo += Double(bounds[row - rows.lowerBound])
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
            if let values { labels += try values.strings(some.map(Int64.init)) }
        }
        let total = Double(max(readCount, 1))
        elbo /= total
        klPerLatent = kl.map { $0 / total }
        let means = sum.map { $0 / total }
        codeMean = means
        codeVariance = zip(squares, means).map { max(0, $0 / total - $1 * $1) }
    }

    /// The codes in the plane in which they differ most, coloured by label.
    func map() -> (html: String, note: String) {
        let size = klPerLatent.count
        let components = PrincipalComponents(codes, size: size)
        let points = (0..<codes.count / size).map { components.place(codes[$0 * size..<($0 + 1) * size]) }
        // A little wider than the points.
        func range(_ values: [Double]) -> ClosedRange<Double> {
            let (low, high) = (values.min() ?? 0, values.max() ?? 0)
            return low - 0.03 * (high - low)...high + 0.03 * (high - low)
        }
        var chart = Chart(x: range(points.map(\.0)), y: range(points.map(\.1)), height: 420)
        // Colours for the most frequent labels, in the labels' order.
        let classes = LabelClasses(labels)
        let counts = classes.counts
        let frequent = counts.keys.sorted { (-counts[$0]!, $0) < (-counts[$1]!, $1) }.prefix(Chart.colours.count)
        let shown = frequent.sorted(by: LabelClasses.precedes)
        for (index, point) in points.enumerated() {
            let place = labels.isEmpty ? 0 : shown.firstIndex(of: labels[index])
            chart.dot(point, colour: place.map { Chart.colours[$0] } ?? Chart.otherColour)
        }
        var entries = shown.enumerated().map { (name: $1, colour: Chart.colours[$0]) }
        let isAnyMissing = classes.rowsWithoutLabel > 0
        if counts.count > shown.count {
            entries.append((name: isAnyMissing ? "others, and rows without a label" : "others", colour: Chart.otherColour))
        } else if isAnyMissing {
            entries.append((name: "no label", colour: Chart.otherColour))
        }
        let shares = components.shares.map { String(format: "%.0f", 100 * $0) }
        let svg = chart.svg(
            xTitle: "component 1, \(shares[0])% of the variance", yTitle: "component 2, \(shares[1])%", title: "map of the codes")
        let missing = isAnyMissing ? " \(classes.rowsWithoutLabel) of them have no label." : ""
        return (
            svg + (labels.isEmpty ? "" : Chart.legend(entries)),
            "\(points.count) of \(count) rows by the two principal components of their codes\(labels.isEmpty ? "" : ", coloured by label").\(missing)"
        )
    }
}
