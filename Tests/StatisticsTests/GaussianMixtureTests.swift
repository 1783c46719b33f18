import Distributed
import Statistics
import Testing

/// Mixtures against scikit-learn 1.2.1's `GaussianMixture`, taken as many steps from the same clusters, with the same floor of variances.
struct GaussianMixtureTests {
    /// 90 rows, of which every third lies a little apart.
    private static let codes: [Float] = {
        var codes = points(90, 2).map { Float($0 / 16) }
        for row in stride(from: 0, to: 90, by: 3) {
            codes[2 * row] += 9
            codes[2 * row + 1] += 4
        }
        return codes
    }()

    private func fit(
        _ codes: [Float] = Self.codes, size: Int = 2, k: Int, _ covariance: GaussianMixture.Covariance, threads: Int = 2,
        _ cluster: (Int) -> Int
    ) -> GaussianMixture {
        let pool = WorkerPool(count: threads)
        return GaussianMixture.Fit(codes, size: size, k: k, covariance, pool).run((0..<codes.count / size).map(cluster))
    }

    /// L L' of a component.
    private func covariance(_ mixture: GaussianMixture, _ component: Int) -> [Double] {
        let size = mixture.size
        let factor = Array(mixture.factors[component * size * size..<(component + 1) * size * size])
        return (0..<size * size).map { (place: Int) -> Double in
            let (row, column) = (
                factor[place / size * size..<(place / size + 1) * size], factor[place % size * size..<(place % size + 1) * size]
            )
            return zip(row, column).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// One component has the rows' mean and covariance.
    @Test func oneComponent() {
        let full = fit(k: 1, .full) { _ in 0 }
        expect(full.weights, [1])
        expect(full.means, [6.53125, 5.480555555555555])
        expect(covariance(full, 0), [23.860628226948542, 7.714800347222222, 7.714800347222222, 8.634968022473236])
        expect([full.logLikelihood], [-5.3314481026899445])
        let diagonal = fit(k: 1, .diagonal) { _ in 0 }
        expect(covariance(diagonal, 0), [23.86062822694854, 0, 0, 8.634968022473233])
        expect([diagonal.logLikelihood], [-5.501900662314655])
    }

    @Test func twoComponents() {
        let full = fit(k: 2, .full) { $0 % 3 == 0 ? 0 : 1 }
        expect(full.weights, [0.3377831970877594, 0.6622168029122406], within: 1e-11)
        expect(full.means, [12.618256216712961, 8.00363746890564, 3.4263930837570395, 4.19358326572884], within: 1e-11)
        expect(
            covariance(full, 0) + covariance(full, 1),
            [
                6.1662342997498145, 0.9023766590079096, 0.9023766590079094, 5.88761310464409, 4.34675551473913,
                -0.6399953197858516, -0.6399953197858516, 5.132903185751225,
            ], within: 1e-11)
        expect([full.logLikelihood], [-5.066550018641264], within: 1e-11)
        let diagonal = fit(k: 2, .diagonal) { $0 % 3 == 0 ? 0 : 1 }
        expect(diagonal.weights, [0.3317290544600113, 0.6682709455399888], within: 1e-11)
        expect(diagonal.means, [12.703630329274919, 8.049043832475732, 3.4672863426492553, 4.2055604458910585], within: 1e-11)
        expect(
            covariance(diagonal, 0) + covariance(diagonal, 1),
            [5.833973012260037, 0, 0, 5.829859037425839, 4.5092202312737175, 0, 0, 5.1269989020403575], within: 1e-11)
        expect([diagonal.logLikelihood], [-5.075210914980631], within: 1e-11)
    }

    @Test func noThreadCounts() {
        let fits = [1, 2, 5].map { fit(k: 2, .full, threads: $0) { $0 % 3 == 0 ? 0 : 1 } }
        #expect(fits.allSatisfy { $0.factors == fits[0].factors && $0.logLikelihood == fits[0].logLikelihood })
    }

    /// Equal rows have no spread: that is no reason for numbers that are none.
    @Test func equalRows() {
        let equal = fit([Float](repeating: 2, count: 12), k: 1, .full) { _ in 0 }
        expect(equal.means, [2, 2])
        expect(covariance(equal, 0), [1e-12, 0, 0, 1e-12], within: 1e-15)
    }

    /// A component that no row belonged to from the start, as k-means leaves it where rows are equal.
    @Test func emptyComponent() {
        let empty = fit(k: 3, .full) { $0 % 3 == 0 ? 0 : 1 }
        #expect(empty.weights[2] == 0 && empty.factors.allSatisfy(\.isFinite))
        expect([empty.logLikelihood], [-5.066550018641264], within: 1e-9)
    }

    /// m + L e
    @Test func transform() {
        let mixture = fit(k: 2, .full) { $0 % 3 == 0 ? 0 : 1 }
        var code = [Float](repeating: 0, count: 2)
        mixture.transform([0, 0], component: 1, into: &code)
        #expect(code == mixture.means.suffix(2).map(Float.init))
        mixture.transform([2, -3], component: 1, into: &code)
        let factor = Array(mixture.factors.suffix(4))
        #expect(factor[1] == 0)
        expect(
            code.map(Double.init),
            [mixture.means[2] + 2 * factor[0], mixture.means[3] + 2 * factor[2] - 3 * factor[3]], within: 1e-6)
        let diagonal = GaussianMixture(mean: [1, 2], variance: [4, 9])
        diagonal.transform([1, -1], component: 0, into: &code)
        #expect(code == [3, -1])
    }
}
