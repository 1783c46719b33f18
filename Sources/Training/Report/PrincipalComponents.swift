internal import Foundation

/// The two directions in which points differ most (Pearson 1901).
struct PrincipalComponents {
    let mean: [Double]
    /// Two directions of length 1, whose largest parts are positive.
    let directions: [[Double]]
    /// The shares of the variance that lie in them.
    let shares: [Double]

    /// - Parameter points: `[count, size]`.
    init(_ points: [Double], size: Int) {
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
        var (directions, shares): ([[Double]], [Double]) = ([], [])
        for _ in 0..<2 {
            let (vector, value) = Self.largest(covariance, size)
            directions.append(vector)
            shares.append(total > 0 ? value / total : 0)
            for i in 0..<size { for j in 0..<size { covariance[i * size + j] -= value * vector[i] * vector[j] } }
        }
        self.mean = mean
        self.directions = directions
        self.shares = shares
    }

    /// The eigenvector of the largest eigenvalue of a symmetric positive matrix, by power iteration.
    private static func largest(_ matrix: [Double], _ size: Int) -> ([Double], Double) {
        // The longest column is never orthogonal to it, but for ties.
        let lengths = (0..<size).map { column in
            (0..<size).reduce(0) { $0 + matrix[$1 * size + column] * matrix[$1 * size + column] }
        }
        let start = lengths.indices.max { lengths[$0] < lengths[$1] }!
        var vector = (0..<size).map { matrix[$0 * size + start] }
        var value = 0.0
        for _ in 0..<500 {
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { return ([Double](repeating: 0, count: size), 0) }
            let unit = vector.map { $0 / length }
            vector = (0..<size).map { row in (0..<size).reduce(0) { $0 + matrix[row * size + $1] * unit[$1] } }
            value = zip(unit, vector).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let length = max(vector.reduce(0) { $0 + $1 * $1 }.squareRoot(), .leastNormalMagnitude)
        let sign = vector.max { abs($0) < abs($1) }! < 0 ? -1.0 : 1
        return (vector.map { sign * $0 / length }, value)
    }

    func place(_ point: ArraySlice<Double>) -> (Double, Double) {
        func along(_ direction: [Double]) -> Double {
            zip(zip(point, mean), direction).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
        }
        return (along(directions[0]), along(directions[1]))
    }
}
