internal import Distributed
internal import Foundation

/// The directions in which points differ most (Pearson 1901).
package struct PrincipalComponents {
    package let mean: [Double]
    /// Directions of length 1, whose largest parts are positive; 0 where there are no more.
    package let directions: [[Double]]
    /// The shares of the variance that lie in them.
    package let shares: [Double]

    /// - Parameters:
    ///   - points: `[points, size]`.
    ///   - wanted: how many directions there are to be.
    package init(_ points: [Double], size: Int, wanted: Int = 2) {
        let count = points.count / size
        var mean = [Double](repeating: 0, count: size)
        for i in points.indices { mean[i % size] += points[i] / Double(count) }
        var covariance = [Double](repeating: 0, count: size * size)
        for row in 0..<count {
            for i in 0..<size {
                let difference = points[row * size + i] - mean[i]
                for j in 0...i {
                    covariance[i * size + j] += difference * (points[row * size + j] - mean[j]) / Double(count)
                }
            }
        }
        for i in 0..<size { for j in 0..<i { covariance[j * size + i] = covariance[i * size + j] } }
        let total = (0..<size).reduce(0) { $0 + covariance[$1 * size + $1] }
        let values = covariance.withUnsafeMutableBufferPointer {
            SymmetricEigen.decompose($0.baseAddress!, size: size, pool: WorkerPool(count: 1))
        }
        let vectors = covariance
        let order = values.indices.sorted { values[$0] > values[$1] }
        self.mean = mean
        directions = (0..<wanted).map { place in
            guard place < size else { return [Double](repeating: 0, count: size) }
            let direction = vectors[order[place] * size..<(order[place] + 1) * size]
            let sign = direction.max { abs($0) < abs($1) }! < 0 ? -1.0 : 1
            return direction.map { sign * $0 }
        }
        shares = (0..<wanted).map { $0 < size && total > 0 ? values[order[$0]] / total : 0 }
    }

    /// Where a point lies along each direction.
    package func place(_ point: ArraySlice<Double>) -> [Double] {
        directions.map { direction in zip(zip(point, mean), direction).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 } }
    }
}
