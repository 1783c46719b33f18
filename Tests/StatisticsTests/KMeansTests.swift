import Randomness
import Statistics
import TestSupport
import Testing

/// Clusters against scikit-learn 1.2.1's `KMeans`, and what must hold of all: every row is nearest to its own cluster's mean.
struct KMeansTests {
    private func attempt(_ points: [Double], size: Int, k: Int, seed: UInt64 = 1, _ number: Int = 0) -> KMeans {
        KMeans(points, size: size, k: k, key: NoiseKey(seed: seed, epoch: number, purpose: .clustering))
    }

    /// Three clusters that lie far apart; the inertia is that of scikit-learn.
    @Test func apart() {
        var points = points(60, 3)
        for row in 0..<60 { points[3 * row + row % 3] += 400 }
        for number in 0..<5 {
            let found = attempt(points, size: 3, k: 3, number)
            #expect(Set(found.clusters.prefix(3)) == [0, 1, 2])
            #expect((0..<60).allSatisfy { found.clusters[$0] == found.clusters[$0 % 3] }, "\(found.clusters)")
            expect([found.inertia], [225_507.65], within: 1e-12)
        }
    }

    /// Clusters that touch: the best of ten attempts is as good as the best of 600 of scikit-learn, and each is a fixed point.
    @Test(arguments: [(2, 319_231.4190946667), (5, 95_722.69295803836), (8, 53_990.05662094548)])
    func touching(k: Int, inertia: Double) {
        let points = points(200, 2)
        let attempts = (0..<10).map { attempt(points, size: 2, k: k, $0) }
        let best = attempts.map(\.inertia).min()!
        #expect(best >= inertia * (1 - 1e-12) && best < 1.02 * inertia, "\(best)")
        for found in attempts {
            var (means, counts, sum) = ([Double](repeating: 0, count: 2 * k), [Double](repeating: 0, count: k), 0.0)
            for (row, cluster) in found.clusters.enumerated() {
                counts[cluster] += 1
                for i in 0..<2 { means[2 * cluster + i] += points[2 * row + i] }
            }
            #expect(counts.allSatisfy { $0 > 0 })
            for i in means.indices { means[i] /= counts[i / 2] }
            for (row, cluster) in found.clusters.enumerated() {
                let distances = (0..<k).map { (centre: Int) -> Double in
                    let x = points[2 * row] - means[2 * centre]
                    let y = points[2 * row + 1] - means[2 * centre + 1]
                    return x * x + y * y
                }
                sum += distances[cluster]
                #expect(distances[cluster] <= distances.min()! + 1e-9, "row \(row)")
            }
            expect([found.inertia], [sum], within: 1e-12)
        }
    }

    @Test func asManyAsRows() {
        let points = points(7, 2)
        let found = attempt(points, size: 2, k: 7)
        #expect(Set(found.clusters).count == 7 && found.inertia == 0)
        let equal = attempt([Double](repeating: 3, count: 12), size: 2, k: 3)
        #expect(equal.inertia == 0 && equal.clusters.count == 6)
    }

    @Test func theSeedDecides() {
        let points = points(200, 2)
        #expect(attempt(points, size: 2, k: 8).clusters == attempt(points, size: 2, k: 8).clusters)
        let others = (0..<10).map { attempt(points, size: 2, k: 8, seed: 2, $0).clusters }
        #expect(Set(others).count > 1)
    }

    /// The attempts that ranks share, and the mixture that begins with their clusters.
    @Test func onAnyNumberOfRanks() throws {
        let outputs = try [(1, "threads=1"), (3, "threads=2"), (3, "seed=2")].map { ranks, options in
            let outcome = try Program.mpirun(ranks: ranks, Program.built("RankCases"), ["clusters", options])
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
        }
        #expect(outputs[0] == outputs[1])
        // Of another seed the components may have another order.
        for output in outputs {
            try #require(output.count == 5)
            expect(output[0], [225_507.65])
            expect(output[1].sorted(), [0.3377831970877594, 0.6622168029122406], within: 1e-9)
            expect(output[4], [-5.066550018641264], within: 1e-9)
        }
    }
}
