internal import Datasets
internal import Support
internal import VAE

/// Errors of rows that come back from their codes, summed over rows.
struct CompressionSums {
    /// The floats that a row gives.
    static let width = 5

    private var squares = 0.0
    private var count = 0.0
    private var largest = 0.0
    private var low = Double.infinity
    private var high = -Double.infinity

    /// Writes a batch's figures, `[rows, width]`: of values that are there squared errors, their number, the largest error, the least and the largest value.
    static func write(
        _ batch: Batch, _ decoded: UnsafePointer<Float>, _ preparation: Preparation, features: Int,
        to column: UnsafeMutablePointer<Float>
    ) {
        let truth = preparation.restore(batch.input, rows: batch.rowCount, features: features)
        let found = preparation.restore(decoded, rows: batch.rowCount, features: features)
        for row in 0..<batch.rowCount {
            var sums = CompressionSums()
            for i in row * features..<(row + 1) * features where batch.mask?[i] ?? 1 != 0 {
                let difference = abs(found.pointer[i] - truth.pointer[i])
                sums.squares += difference * difference
                sums.count += 1
                sums.largest = max(sums.largest, difference)
                sums.low = min(sums.low, truth.pointer[i])
                sums.high = max(sums.high, truth.pointer[i])
            }
            let figures = [sums.squares, sums.count, sums.largest, sums.low, sums.high]
            for (i, figure) in figures.enumerated() { column[row * width + i] = Float(figure) }
        }
    }

    mutating func add(_ column: UnsafePointer<Float>) {
        squares += Double(column[0])
        count += Double(column[1])
        largest = max(largest, Double(column[2]))
        low = min(low, Double(column[3]))
        high = max(high, Double(column[4]))
    }

    /// - Parameter rowBytes: of the codes.
    func report(_ type: CodeType, _ source: DataSource, rowBytes: Double) -> Compression {
        let peak = source.format.numbers == .pixel ? 1 : high - low
        let mean = squares / max(count, 1)
        return Compression(
            dtype: type.rawValue, rowBytes: rowBytes, ratio: source.storedRowBytes / rowBytes,
            rootMeanSquaredError: mean.squareRoot(),
            largestError: largest, psnr: 10 * Elementary.log10(peak * peak / mean))
    }
}
