internal import Distributed
internal import Foundation

/// The two directions in which points differ most (Pearson 1901).
package struct PrincipalComponents {
    package let mean: [Double]
    /// Two directions of length 1, whose largest parts are positive.
    package let directions: [[Double]]
    /// The shares of the variance that lie in them.
    package let shares: [Double]

    /// - Parameter points: `[count, size]`.
    package init(_ points: [Double], size: Int) {
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
        // Of one latent there is no second direction.
        directions = (0..<2).map { place in
            guard place < size else { return [Double](repeating: 0, count: size) }
            let direction = vectors[order[place] * size..<(order[place] + 1) * size]
            let sign = direction.max { abs($0) < abs($1) }! < 0 ? -1.0 : 1
            return direction.map { sign * $0 }
        }
        shares = (0..<2).map { $0 < size && total > 0 ? values[order[$0]] / total : 0 }
    }

    package func place(_ point: ArraySlice<Double>) -> (Double, Double) {
        func along(_ direction: [Double]) -> Double {
            zip(zip(point, mean), direction).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
        }
        return (along(directions[0]), along(directions[1]))
    }
}
