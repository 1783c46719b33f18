import Distributed
import Foundation
import Statistics

/// Statistics that ranks share, of codes of whole numbers by a rule that the tests know. Each prints what it found, which must be the
/// same text on any number of ranks.

/// `[count, size]`: `(31 r r + 57 r c + 19 c) mod 127` in row r and column c.
private func points(_ count: Int, _ size: Int) -> [Float] {
    (0..<count * size).map { index in
        let (row, column) = (index / size, index % size)
        return Float((31 * row * row + 57 * row * column + 19 * column) % 127)
    }
}

private func text(_ values: [Double]) -> String { values.map { "\($0)" }.joined(separator: " ") }

/// The votes and silhouettes of 40 rows of two numbers; labels are the first number's thirds, but row 5 is alone with its label.
///
/// Options: `threads`.
func neighbours(_ world: World, _ options: Options) throws {
    let values = points(40, 2)
    var labels = (0..<40).map { Int(values[2 * $0]) / 43 }
    labels[5] = 3
    let codes = LabelledCodes(latentSize: 2, values: values, labels: labels, classes: ["0", "1", "2", "3"])
    let pool = WorkerPool(count: options.integer("threads", 1))
    let figures = try NeighbourFigures.compute(codes, world: world, pool: pool)
    if world.isRoot { print(text(figures.vote.map(Double.init)), text(figures.silhouette), separator: "\n") }
}

/// The squared distances of 6 rows by the axes of 50 rows of 6 numbers, the last of which is the sum of the first two, and the sum of
/// those of the 50.
///
/// Options: `threads`.
func whitening(_ world: World, _ options: Options) throws {
    var values = points(53, 6)
    for row in 0..<53 { values[6 * row + 5] = values[6 * row] + values[6 * row + 1] }
    let scatter = Scatter(size: 6, world: world, pool: WorkerPool(count: options.integer("threads", 1)))
    scatter.add(values, rowCount: 32)
    values.withUnsafeBufferPointer { scatter.add($0.baseAddress! + 32 * 6, rowCount: 18) }
    let whitening = try scatter.whitening()
    try expect(whitening.count == 50, "rows: \(whitening.count)")
    func distances(_ rows: Range<Int>) -> [Double] {
        var distances = [Double](repeating: 0, count: rows.count)
        let scratch = whitening.makeScratch(rows: rows.count)
        values.withUnsafeBufferPointer {
            whitening.squaredDistances($0.baseAddress! + rows.lowerBound * 6, rowCount: rows.count, scratch, into: &distances)
        }
        return distances
    }
    let found = text(distances(0..<3) + distances(50..<53)) + "\n" + text([distances(0..<50).reduce(0, +)])
    if world.isRoot { print(found) }
}

/// The inertia of three clusters of 60 rows that lie far apart, and the mixture of two normal distributions of 90 rows.
///
/// Options: `threads`, `seed`.
func clusters(_ world: World, _ options: Options) throws {
    let seed = UInt64(options.integer("seed", 1))
    var apart = points(60, 3)
    for row in 0..<60 { apart[3 * row + row % 3] += 400 }
    let means = try KMeans.compute(apart, size: 3, k: 3, seed: seed, world: world)
    try expect((0..<60).allSatisfy { means.clusters[$0] == means.clusters[$0 % 3] }, "\(means.clusters)")
    var codes = points(90, 2).map { $0 / 16 }
    for row in stride(from: 0, to: 90, by: 3) {
        codes[2 * row] += 9
        codes[2 * row + 1] += 4
    }
    let mixture = try GaussianMixture.fit(
        codes, size: 2, components: 2, covariance: .full, seed: seed, world: world,
        pool: WorkerPool(count: options.integer("threads", 1)))
    let found = [[means.inertia], mixture.weights, mixture.means, mixture.factors, [mixture.logLikelihood]].map(text)
    // Every rank has all of it.
    let all = try world.communicator.allGather(Array(found.joined(separator: "\n").utf8))
    try expect(Set(all).count == 1, "ranks differ")
    if world.isRoot { print(found.joined(separator: "\n")) }
}
