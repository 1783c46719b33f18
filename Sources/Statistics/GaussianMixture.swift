package import Distributed
internal import Foundation
internal import Support

/// A mixture of normal distributions, p(z) = sum of w_k N(z; m_k, L_k L_k^T): the density of a model's codes, found after training
/// (ex-post density estimation: Ghosh et al. 2020, "From variational to deterministic autoencoders", section 4).
package struct GaussianMixture {
    /// The covariances of components: their variances alone, or all of them.
    package enum Covariance {
        case diagonal, full
    }

    package let size: Int
    /// `[k]`
    package private(set) var weights: [Double]
    /// `[k, size]`
    package private(set) var means: [Double]
    /// L of each component, lower triangular, `[k, size, size]`.
    package private(set) var factors: [Double]
    /// Mean log p(z) of the codes that it was fitted to, in nats.
    package private(set) var logLikelihood = -Double.infinity

    private static let mostRounds = 200
    /// Smaller gains of the log likelihood end the fit, in nats per row.
    private static let tolerance = 1e-4
    /// Sums are taken in so many parts, whatever the number of threads.
    private static let parts = 16

    /// One component with a diagonal covariance.
    package init(mean: [Double], variance: [Double]) {
        size = mean.count
        weights = [1]
        means = mean
        factors = [Double](repeating: 0, count: size * size)
        for i in 0..<size { factors[i * size + i] = variance[i].squareRoot() }
    }

    /// Fits k components to `[count, size]` codes by EM (Dempster et al. 1977) from k-means clusters. Collective.
    ///
    /// Every covariance gets a millionth of the codes' mean variance on its diagonal, so that none collapses.
    ///
    /// - Precondition: at least k codes.
    package static func fit(
        _ values: [Float], size: Int, components k: Int, covariance: Covariance, seed: UInt64, world: World,
        pool: WorkerPool
    ) throws -> GaussianMixture {
        let clusters = try KMeans.compute(values, size: size, k: k, seed: seed, world: world).clusters
        var mixture = GaussianMixture(mean: [Double](repeating: 0, count: size), variance: [Double](repeating: 1, count: size))
        try world.onRoot { mixture = Fit(values, size: size, k: k, covariance, pool).run(clusters) }
        mixture.weights = try world.fromRoot(mixture.weights)
        mixture.means = try world.fromRoot(mixture.means)
        mixture.factors = try world.fromRoot(mixture.factors)
        mixture.logLikelihood = try world.fromRoot([mixture.logLikelihood])[0]
        return mixture
    }

    /// m_k + L_k e
    package func transform(_ noise: UnsafePointer<Float>, component: Int, into code: UnsafeMutablePointer<Float>) {
        for i in 0..<size {
            var sum = means[component * size + i]
            for j in 0...i { sum += factors[(component * size + i) * size + j] * Double(noise[j]) }
            code[i] = Float(sum)
        }
    }

    /// One fit, on one rank.
    package struct Fit {
        private let points: [Double]
        private let size: Int
        private let count: Int
        private let k: Int
        private let isFull: Bool
        private let pool: WorkerPool
        /// What is added to the diagonal of every covariance.
        private let floor: Double
        /// Weight, sum of z, and sum of z z^T of a component.
        private var width: Int { 1 + size + size * size }

        package init(_ values: [Float], size: Int, k: Int, _ covariance: Covariance, _ pool: WorkerPool) {
            points = values.map(Double.init)
            self.size = size
            self.k = k
            self.pool = pool
            count = values.count / size
            isFull = covariance == .full
            var (sum, squares) = ([Double](repeating: 0, count: size), 0.0)
            for i in points.indices { sum[i % size] += points[i] }
            for i in points.indices {
                let difference = points[i] - sum[i % size] / Double(count)
                squares += difference * difference
            }
            floor = max(1e-6 * squares / Double(points.count), 1e-12)
        }

        package func run(_ clusters: [Int]) -> GaussianMixture {
            var mixture = GaussianMixture(
                mean: [Double](repeating: 0, count: size), variance: [Double](repeating: 1, count: size))
            mixture.weights = [Double](repeating: 1 / Double(k), count: k)
            mixture.means = [Double](repeating: 0, count: k * size)
            mixture.factors = [Double](repeating: 0, count: k * size * size)
            // One that no code belongs to from the start has a density all the same, which its weight of 0 makes count for nothing.
            for c in 0..<k { for i in 0..<size { mixture.factors[(c * size + i) * size + i] = floor.squareRoot() } }
            // The first responsibilities are the clusters.
            var (sums, _) = expect { row, shares in
                for c in 0..<k { shares[c] = clusters[row] == c ? 1 : 0 }
                return 0
            }
            maximize(sums, &mixture)
            for _ in 0..<GaussianMixture.mostRounds {
                let density = Density(mixture)
                let total: Double
                (sums, total) = expect { row, shares in
                    points.withUnsafeBufferPointer { density.responsibilities(of: $0.baseAddress! + row * size, shares) }
                }
                let gain = total / Double(count) - mixture.logLikelihood
                mixture.logLikelihood = total / Double(count)
                if gain < GaussianMixture.tolerance { break }
                maximize(sums, &mixture)
            }
            return mixture
        }

        /// The components' sums over all rows, and the sum of what `responsibilities` gives; part by part, the parts in order.
        private func expect(
            _ responsibilities: (_ row: Int, _ shares: UnsafeMutablePointer<Double>) -> Double
        ) -> (sums: [Double], total: Double) {
            let parts = GaussianMixture.parts
            var own = [[Double]](repeating: [Double](repeating: 0, count: k * width + 1), count: parts)
            own.withUnsafeMutableBufferPointer { own in
                nonisolated(unsafe) let own = own
                pool.run { worker in
                    var shares = [Double](repeating: 0, count: k)
                    for part in stride(from: worker, to: parts, by: pool.count) {
                        own[part].withUnsafeMutableBufferPointer { sums in
                            for row in ShardPlan.part(part, of: parts, count: count) {
                                let value = shares.withUnsafeMutableBufferPointer { responsibilities(row, $0.baseAddress!) }
                                sums[k * width] += value
                                for c in 0..<k where shares[c] > 1e-12 { add(row, shares[c], sums.baseAddress! + c * width) }
                            }
                        }
                    }
                }
            }
            let sums = own.dropFirst().reduce(into: own[0]) { sums, part in for i in sums.indices { sums[i] += part[i] } }
            return (sums, sums[k * width])
        }

        @inline(__always)
        private func add(_ row: Int, _ share: Double, _ sums: UnsafeMutablePointer<Double>) {
            points.withUnsafeBufferPointer { points in
                let z = points.baseAddress! + row * size
                sums[0] += share
                for i in 0..<size {
                    let value = share * z[i]
                    sums[1 + i] += value
                    let products = sums + 1 + size + i * size
                    if isFull { for j in 0...i { products[j] += value * z[j] } } else { products[i] += value * z[i] }
                }
            }
        }

        private func maximize(_ sums: [Double], _ mixture: inout GaussianMixture) {
            for c in 0..<k {
                let own = sums[c * width..<(c + 1) * width]
                let weight = own[own.startIndex]
                mixture.weights[c] = weight / Double(count)
                // A component that no code belongs to stays where it was.
                if weight < 1e-6 { continue }
                let mean = (0..<size).map { own[own.startIndex + 1 + $0] / weight }
                var covariance = [Double](repeating: 0, count: size * size)
                for i in 0..<size {
                    for j in 0...i where isFull || i == j {
                        covariance[i * size + j] = own[own.startIndex + 1 + size + i * size + j] / weight - mean[i] * mean[j]
                    }
                    covariance[i * size + i] = max(covariance[i * size + i], 0) + floor
                }
                mixture.means.replaceSubrange(c * size..<(c + 1) * size, with: mean)
                mixture.factors.replaceSubrange(c * size * size..<(c + 1) * size * size, with: cholesky(covariance))
            }
            let total = mixture.weights.reduce(0, +)
            for c in 0..<k { mixture.weights[c] /= total }
        }

        /// L of the lower half of a symmetric matrix, with no diagonal below the floor's.
        private func cholesky(_ matrix: [Double]) -> [Double] {
            var factor = [Double](repeating: 0, count: size * size)
            for i in 0..<size {
                for j in 0...i {
                    var sum = matrix[i * size + j]
                    for m in 0..<j { sum -= factor[i * size + m] * factor[j * size + m] }
                    factor[i * size + j] = i == j ? max(sum, floor).squareRoot() : sum / factor[j * size + j]
                }
            }
            return factor
        }
    }

    /// What is needed to tell which components a code belongs to.
    private struct Density {
        let mixture: GaussianMixture
        /// log w_k - log det L_k - size / 2 log 2 pi
        let constants: [Double]

        init(_ mixture: GaussianMixture) {
            self.mixture = mixture
            let size = mixture.size
            constants = mixture.weights.indices.map { c in
                let diagonal = (0..<size).map { Elementary.log(mixture.factors[(c * size + $0) * size + $0]) }
                return Elementary.log(mixture.weights[c]) - diagonal.reduce(0, +) - 0.5 * Double(size)
                    * Elementary.log(2 * Double.pi)
            }
        }

        /// Writes p(k | z); gives log p(z).
        func responsibilities(of z: UnsafePointer<Double>, _ shares: UnsafeMutablePointer<Double>) -> Double {
            let (k, size) = (constants.count, mixture.size)
            var largest = -Double.infinity
            withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { solved in
                mixture.factors.withUnsafeBufferPointer { factors in
                    mixture.means.withUnsafeBufferPointer { means in
                        for c in 0..<k {
                            // L y = z - m
                            var squares = 0.0
                            for i in 0..<size {
                                let row = factors.baseAddress! + (c * size + i) * size
                                var sum = z[i] - means[c * size + i]
                                for j in 0..<i { sum -= row[j] * solved[j] }
                                solved[i] = sum / row[i]
                                squares += solved[i] * solved[i]
                            }
                            shares[c] = constants[c] - 0.5 * squares
                            largest = max(largest, shares[c])
                        }
                    }
                }
            }
            var sum = 0.0
            for c in 0..<k {
                shares[c] = Elementary.exp(shares[c] - largest)
                sum += shares[c]
            }
            for c in 0..<k { shares[c] /= sum }
            return largest + Elementary.log(sum)
        }
    }
}
