internal import Distributed

/// Euclidean distances between codes, from one row to all at a time: what a row gives does not depend on the rank or thread that computes it.
struct CodeDistances {
    private let count: Int
    private let latentSize: Int
    /// `[latents, count]`: one latent after the other, so that distances to many rows are computed at once.
    private let columns: [Double]

    init(_ codes: LabelledCodes) {
        (count, latentSize) = (codes.count, codes.latentSize)
        var columns = [Double](repeating: 0, count: count * latentSize)
        for row in 0..<count {
            for i in 0..<latentSize { columns[i * count + row] = Double(codes.values[row * latentSize + i]) }
        }
        self.columns = columns
    }

    /// Computes some figures of each row from its squared distances to all. Collective.
    ///
    /// - Parameter write: writes a row's figures, which are 0 at first; called by several workers at a time.
    /// - Returns: `[count, width]`, on every rank.
    func figures(
        width: Int, world: World, pool: WorkerPool,
        _ write: (_ row: Int, _ squared: [Double], _ figures: UnsafeMutablePointer<Double>) -> Void
    ) throws -> [Double] {
        let own = ShardPlan.part(world.rank, of: world.size, count: count)
        var figures = [Double](repeating: 0, count: own.count * width)
        figures.withUnsafeMutableBufferPointer { figures in
            nonisolated(unsafe) let (figures, write) = (figures, write)
            pool.run { worker in
                var distances = [Double](repeating: 0, count: count)
                for index in ShardPlan.part(worker, of: pool.count, count: own.count) {
                    let row = own.lowerBound + index
                    squared(from: row, &distances)
                    write(row, distances, figures.baseAddress! + index * width)
                }
            }
        }
        return try world.communicator.allGather(figures).flatMap { $0 }
    }

    private func squared(from row: Int, _ distances: inout [Double]) {
        columns.withUnsafeBufferPointer { columns in
            distances.withUnsafeMutableBufferPointer { distances in
                let target = distances.baseAddress!
                target.update(repeating: 0, count: count)
                for i in 0..<latentSize {
                    let column = columns.baseAddress! + i * count
                    let own = column[row]
                    for other in 0..<count {
                        let difference = column[other] - own
                        target[other] += difference * difference
                    }
                }
            }
        }
    }

    /// The rows that are nearest to a row, itself apart, nearest first; of rows at the same distance that with the smaller number.
    ///
    /// - Parameter squared: the squared distances from it, which come back with the rows.
    static func nearest(_ most: Int, to row: Int, _ squared: [Double]) -> [(distance: Double, row: Int)] {
        var nearest: [(distance: Double, row: Int)] = []
        nearest.reserveCapacity(most + 1)
        for other in squared.indices where other != row {
            let distance = squared[other]
            if nearest.count == most, distance >= nearest[most - 1].distance { continue }
            var (low, high) = (0, nearest.count)
            while low < high {
                let middle = (low + high) / 2
                if nearest[middle].distance > distance { high = middle } else { low = middle + 1 }
            }
            nearest.insert((distance, other), at: low)
            if nearest.count > most { nearest.removeLast() }
        }
        return nearest
    }

    /// (b - a) / max(a, b): a the mean distance to rows of its part, b that to the nearest other part's (Rousseeuw 1987, section 2); 0 for a row that is
    /// alone in its part, and where there is no other.
    ///
    /// - Parameters:
    ///   - parts: of each row one of 0..<count.
    ///   - isCounted: the rows that it is taken among.
    static func silhouette(
        of row: Int, _ squared: [Double], _ parts: [Int], count: Int, among isCounted: (Int) -> Bool = { _ in true }
    ) -> Double {
        var sums = [Double](repeating: 0, count: count)
        var counts = [Int](repeating: 0, count: count)
        for other in squared.indices where other != row && isCounted(other) {
            sums[parts[other]] += squared[other].squareRoot()
            counts[parts[other]] += 1
        }
        let part = parts[row]
        if counts[part] == 0 { return 0 }
        let own = sums[part] / Double(counts[part])
        let next = sums.indices.lazy.filter { $0 != part && counts[$0] > 0 }.map { sums[$0] / Double(counts[$0]) }.min()
        guard let next, max(own, next) > 0 else { return 0 }
        return (next - own) / max(own, next)
    }
}
