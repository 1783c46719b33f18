package import Distributed
internal import Foundation
package import Randomness

/// k-means clusters (Lloyd 1982) from centres that are drawn by k-means++ (Arthur & Vassilvitskii 2007): the best of ten attempts.
package struct KMeans {
    /// Of each row, the number of its cluster.
    package private(set) var clusters: [Int]
    /// The sum of squared distances to the rows' centres.
    package private(set) var inertia: Double
    private var centres: [Double]

    private static let attempts = 10
    private static let mostRounds = 300

    /// Finds k clusters of `[count, size]` values. Every rank makes some of the attempts. Collective.
    package static func compute(_ values: [Float], size: Int, k: Int, seed: UInt64, world: World) throws -> KMeans {
        let points = world.rank < attempts ? values.map(Double.init) : []
        var best: KMeans?
        var bestAttempt = attempts
        for attempt in stride(from: world.rank, to: attempts, by: world.size) {
            let found = KMeans(points, size: size, k: k, key: NoiseKey(seed: seed, epoch: attempt, purpose: .clustering))
            if best == nil || found.inertia < best!.inertia { (best, bestAttempt) = (found, attempt) }
        }
        let inertias = try world.communicator.allGather([best?.inertia ?? .infinity]).map { $0[0] }
        let tried = try world.communicator.allGather([Int64(bestAttempt)]).map { Int($0[0]) }
        // Of equally good attempts the first.
        let winner = inertias.indices.min { (inertias[$0], tried[$0]) < (inertias[$1], tried[$1]) }!
        let clusters = try world.communicator.broadcast(best?.clusters ?? [], root: winner)
        return KMeans(clusters: clusters, inertia: inertias[winner], centres: [])
    }

    private init(clusters: [Int], inertia: Double, centres: [Double]) {
        self.clusters = clusters
        self.inertia = inertia
        self.centres = centres
    }

    /// One attempt, whose first centres the key draws.
    package init(_ points: [Double], size: Int, k: Int, key: NoiseKey) {
        let count = points.count / size
        clusters = [Int](repeating: -1, count: count)
        inertia = 0
        centres = Self.firstCentres(points, size: size, k: k, key: key)
        for _ in 0..<Self.mostRounds {
            if !assign(points, size: size, k: k) { break }
            move(points, size: size, k: k)
        }
        _ = assign(points, size: size, k: k)
    }

    private static func firstCentres(_ points: [Double], size: Int, k: Int, key: NoiseKey) -> [Double] {
        let count = points.count / size
        var nearest = [Double](repeating: .infinity, count: count)
        var chosen = min(count - 1, Int(key.uniform(row: 0, index: 0) * Double(count)))
        var centres: [Double] = []
        for step in 1...k {
            let centre = Array(points[chosen * size..<(chosen + 1) * size])
            centres += centre
            var total = 0.0
            for row in 0..<count {
                nearest[row] = min(nearest[row], squaredDistance(points, row, centre, 0, size))
                total += nearest[row]
            }
            // A row with the probability of its squared distance.
            var rest = key.uniform(row: UInt64(step), index: 0) * total
            chosen = count - 1
            for row in 0..<count where nearest[row] > 0 {
                chosen = row
                rest -= nearest[row]
                if rest < 0 { break }
            }
        }
        return centres
    }

    /// Gives each row to the nearest centre, of equally near ones the first; says whether that changed anything.
    private mutating func assign(_ points: [Double], size: Int, k: Int) -> Bool {
        var changed = false
        inertia = 0
        for row in clusters.indices {
            var (nearest, least) = (0, Double.infinity)
            for centre in 0..<k {
                let distance = Self.squaredDistance(points, row, centres, centre, size)
                if distance < least { (nearest, least) = (centre, distance) }
            }
            if clusters[row] != nearest { changed = true }
            clusters[row] = nearest
            inertia += least
        }
        return changed
    }

    /// Moves the centres to the means of their rows; one without rows takes the row that is farthest from its own centre.
    private mutating func move(_ points: [Double], size: Int, k: Int) {
        var sums = [Double](repeating: 0, count: k * size)
        var counts = [Int](repeating: 0, count: k)
        for (row, cluster) in clusters.enumerated() {
            counts[cluster] += 1
            for i in 0..<size { sums[cluster * size + i] += points[row * size + i] }
        }
        for cluster in 0..<k {
            if counts[cluster] > 0 {
                for i in 0..<size { centres[cluster * size + i] = sums[cluster * size + i] / Double(counts[cluster]) }
                continue
            }
            var (farthest, greatest) = (0, -1.0)
            for (row, own) in clusters.enumerated() {
                let distance = Self.squaredDistance(points, row, centres, own, size)
                if distance > greatest { (farthest, greatest) = (row, distance) }
            }
            for i in 0..<size { centres[cluster * size + i] = points[farthest * size + i] }
        }
    }

    @inline(__always)
    private static func squaredDistance(_ points: [Double], _ row: Int, _ centres: [Double], _ centre: Int, _ size: Int) -> Double
    {
        points.withUnsafeBufferPointer { points in
            centres.withUnsafeBufferPointer { centres in
                var sum = 0.0
                for i in 0..<size {
                    let difference = points[row * size + i] - centres[centre * size + i]
                    sum += difference * difference
                }
                return sum
            }
        }
    }
}
