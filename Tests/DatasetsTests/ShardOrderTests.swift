import Datasets
import Foundation
import Testing

/// The order of a shard's rows: every row once, as good as a uniform shuffle beyond the mixing window.
struct ShardOrderTests {
    private func order(_ rows: Range<Int>, _ mixing: Mixing, epoch: Int = 0, shard: Int = 3, seed: UInt64 = 9) -> ShardOrder {
        ShardOrder(rows: rows, shard: shard, mixing: mixing, epoch: epoch, seed: seed)
    }

    /// Every row exactly once an epoch, in windows that hold the blocks they say, for awkward sizes and places.
    @Test(arguments: [1, 2, 7, 8, 9, 31, 127, 128, 129, 997, 1024, 4099, 10_007])
    func everyRowOnce(count: Int) {
        for (first, mixingRows, batch) in [(0, 128, 16), (5, 128, 16), (1000, 16, 1), (123_457, 1, 1), (77, 64, 100)] {
            let mixing = Mixing(rows: mixingRows, rowBytes: 784, shardBatch: batch)
            #expect(mixing.windowRows >= 2 * batch)
            let order = order(first..<first + count, mixing)
            let rows = (0..<count).map { order.row(ofIndex: $0) }
            #expect(rows.sorted() == Array(first..<first + count))
            // What is read into a window is what comes out of it.
            var places: [Int: [Int]] = [:]
            for window in 0..<order.windowCount { places[window] = order.blocks(ofWindow: window).flatMap { Array($0) } }
            for index in 0..<count {
                let window = order.window(ofIndex: index)
                #expect(places[window]![order.place(ofIndex: index, window: window)] == rows[index])
            }
            let windows = (0..<count).map { order.window(ofIndex: $0) }
            #expect(windows == windows.sorted(), "windows follow each other")
            for start in stride(from: 0, to: count, by: batch) {
                let touched = Set(windows[start..<min(start + batch, count)])
                #expect(touched.count <= 2, "a step needs two windows at most")
            }
        }
    }

    @Test func differsByEpochShardAndSeed() {
        let mixing = Mixing(rows: 64, rowBytes: 4, shardBatch: 8)
        func rows(epoch: Int, shard: Int, seed: UInt64) -> [Int] {
            let order = order(0..<500, mixing, epoch: epoch, shard: shard, seed: seed)
            return (0..<500).map { order.row(ofIndex: $0) }
        }
        let first = rows(epoch: 0, shard: 0, seed: 1)
        #expect(rows(epoch: 0, shard: 0, seed: 1) == first)
        for other in [(1, 0, 1), (0, 1, 1), (0, 0, 2)] {
            #expect(rows(epoch: other.0, shard: other.1, seed: UInt64(other.2)) != first)
        }
    }

    /// Over many epochs: where a row comes is uniform, pairs of rows of different blocks come independently, and the rows of batches
    /// in different windows are drawn independently from all of the shard.
    @Test func likeAUniformShuffleBeyondTheWindow() {
        let (count, epochs, bins, batch) = (4099, 3000, 8, 32)
        let mixing = Mixing(rows: 512, rowBytes: 784, shardBatch: batch)
        let probes = [0, 1, 700, 2048, 4098]
        var places = [[Int]](repeating: [Int](repeating: 0, count: bins), count: probes.count)
        var pairs = [Int](repeating: 0, count: bins * bins)
        // Of batches: how many rows come from the shard's first quarter.
        let batches = [1, 40, 90, 127]
        var quarters = [[Double]](repeating: [], count: batches.count)
        for epoch in 0..<epochs {
            let order = order(0..<count, mixing, epoch: epoch)
            var index = [Int](repeating: 0, count: count)
            for i in 0..<count { index[order.row(ofIndex: i)] = i }
            for (probe, row) in probes.enumerated() { places[probe][index[row] * bins / count] += 1 }
            pairs[index[10] * bins / count * bins + index[3000] * bins / count] += 1
            for (number, start) in batches.enumerated() {
                let rows = (start * batch..<(start + 1) * batch).map { order.row(ofIndex: $0) }
                quarters[number].append(Double(rows.count { $0 < count / 4 }))
            }
        }
        func chiSquare(_ counts: [Int]) -> Double {
            let expected = Double(counts.reduce(0, +)) / Double(counts.count)
            return counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
        }
        // Mean k and standard deviation sqrt(2k) for k degrees of freedom; five of them are passed once in a million.
        for counts in places { #expect(chiSquare(counts) < 7 + 5 * 14.0.squareRoot(), "\(counts)") }
        #expect(chiSquare(pairs) < 63 + 5 * 126.0.squareRoot(), "\(pairs)")
        let means = quarters.map { $0.reduce(0, +) / Double(epochs) }
        let deviations = zip(quarters, means).map { values, mean in
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(epochs)).squareRoot()
        }
        for (mean, deviation) in zip(means, deviations) {
            #expect(abs(mean - 8) < 5 * deviation / Double(epochs).squareRoot(), "\(means)")
        }
        for a in batches.indices {
            for b in 0..<a {
                let covariance =
                    zip(quarters[a], quarters[b]).reduce(0) { $0 + ($1.0 - means[a]) * ($1.1 - means[b]) } / Double(epochs)
                let correlation = covariance / (deviations[a] * deviations[b])
                // Blocks are drawn without putting back: -1 / (windows - 1), of the two thirds that blocks have in the variance.
                #expect(abs(correlation + 0.09) < 0.09, "batches \(batches[a]) and \(batches[b]): \(correlation)")
            }
        }
    }

    /// A shard that fits the window is shuffled uniformly: neighbours come apart as any two rows do.
    @Test func uniformWithinTheWindow() {
        let (count, epochs) = (257, 4000)
        let mixing = Mixing(rows: 512, rowBytes: 784, shardBatch: 16)
        var near = 0
        for epoch in 0..<epochs {
            let order = order(0..<count, mixing, epoch: epoch)
            let rows = (0..<count).map { order.row(ofIndex: $0) }
            if abs(rows.firstIndex(of: 100)! - rows.firstIndex(of: 101)!) <= 25 { near += 1 }
        }
        // P(|i - j| <= d) of two places drawn without putting back.
        let p = (1...25).reduce(0.0) { $0 + 2 * Double(count - $1) } / Double(count * (count - 1))
        #expect(abs(Double(near) - p * Double(epochs)) < 5 * (p * (1 - p) * Double(epochs)).squareRoot(), "\(near)")
    }
}
