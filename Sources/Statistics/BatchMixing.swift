package import Distributed
internal import Support

/// How well rows of several batches are mixed in the space of the codes, and rows of one label kept together: figures of integration as Luecken et al.
/// 2022 ("Benchmarking atlas-level data integration in single-cell genomics", Nature Methods 19, Methods) define them; 1 is the best of each.
package struct BatchMixing: Equatable {
    /// 1 - |silhouette of the batches among the rows of a label|, averaged over the label's rows, then over labels; nil without a label that
    /// has rows of several batches.
    package private(set) var batchSilhouette: Double?
    /// (silhouette of the labels + 1) / 2; nil without labels.
    package private(set) var labelSilhouette: Double?
    /// The share of a label's rows in the largest part of them that hangs together in the graph of the 15 nearest neighbours (each row one of its
    /// own), averaged over labels; nil without labels.
    package private(set) var graphConnectivity: Double?
    /// (median over rows of the inverse Simpson index of the batches around it - 1) / (batches - 1) (Korsunsky et al. 2019, "Fast, sensitive and accurate
    /// integration of single-cell data with Harmony", Nature Methods 16, Methods): of 90 neighbours, weighted by exp(-b distance) of perplexity 30.
    package private(set) var mixing: Double
    /// (labels - median of the same of the labels) / (labels - 1); nil without labels.
    package private(set) var separation: Double?

    private static let graphNeighbours = 14
    private static let neighbours = 90

    /// Collective.
    ///
    /// - Parameters:
    ///   - codes: with labels; of rows of which nothing is known, all with one label, of which nothing is said then.
    ///   - batches: of each row one of 0..<batchCount, which is at least 2.
    package init(_ codes: LabelledCodes, batches: [Int], batchCount: Int, world: World, pool: WorkerPool) throws {
        let (labels, labelCount) = (codes.labels, codes.classes.count)
        let width = 4 + Self.graphNeighbours
        let figures = try CodeDistances(codes).figures(width: width, world: world, pool: pool) { row, squared, figures in
            let nearest = CodeDistances.nearest(Self.neighbours, to: row, squared)
            let weights = Self.weights(nearest.map { $0.distance.squareRoot() })
            func diversity(_ parts: [Int], _ count: Int) -> Double {
                var shares = [Double](repeating: 0, count: count)
                for (near, weight) in zip(nearest, weights) { shares[parts[near.row]] += weight }
                return 1 / shares.reduce(0) { $0 + $1 * $1 }
            }
            figures[0] = diversity(batches, batchCount)
            figures[1] = diversity(labels, labelCount)
            figures[2] = CodeDistances.silhouette(of: row, squared, batches, count: batchCount) { labels[$0] == labels[row] }
            figures[3] = CodeDistances.silhouette(of: row, squared, labels, count: labelCount)
            for (place, near) in nearest.prefix(Self.graphNeighbours).enumerated() { figures[4 + place] = Double(near.row) + 1 }
        }
        func column(_ place: Int) -> [Double] { codes.labels.indices.map { figures[$0 * width + place] } }
        mixing = (Self.median(column(0)) - 1) / Double(batchCount - 1)
        batchSilhouette = Self.batchSilhouette(column(2), labels, labelCount, batches)
        guard labelCount > 1 else { return }
        labelSilhouette = (column(3).reduce(0, +) / Double(codes.count) + 1) / 2
        separation = (Double(labelCount) - Self.median(column(1))) / Double(labelCount - 1)
        let edges = codes.labels.indices.map { row in
            (0..<Self.graphNeighbours).compactMap { place -> Int? in
                let near = figures[row * width + 4 + place]
                return near > 0 ? Int(near) - 1 : nil
            }
        }
        graphConnectivity = Self.connectivity(edges, labels, labelCount)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// exp(-b d) by its sum, with the b that makes the perplexity, exp of the entropy, a third of the neighbours; as Korsunsky et al.'s program looks
    /// for it.
    static func weights(_ distances: [Double]) -> [Double] {
        let wanted = Elementary.log(max(1, (Double(distances.count) / 3).rounded(.down)))
        var (b, low, high) = (1.0, -Double.infinity, Double.infinity)
        var weights: [Double] = []
        // Less than the nearest one's, which no weight depends on.
        let first = distances.first ?? 0
        for _ in 0..<50 {
            weights = distances.map { Elementary.exp(-($0 - first) * b) }
            let sum = weights.reduce(0, +)
            let mean = zip(weights, distances).reduce(0) { $0 + $1.0 * ($1.1 - first) } / sum
            for i in weights.indices { weights[i] /= sum }
            let difference = Elementary.log(sum) + b * mean - wanted
            if abs(difference) < 1e-5 { break }
            if difference > 0 {
                low = b
                b = high.isFinite ? (b + high) / 2 : 2 * b
            } else {
                high = b
                b = low.isFinite ? (b + low) / 2 : b / 2
            }
        }
        return weights
    }

    private static func batchSilhouette(_ values: [Double], _ labels: [Int], _ labelCount: Int, _ batches: [Int]) -> Double? {
        var means: [Double] = []
        for label in 0..<labelCount {
            let rows = labels.indices.filter { labels[$0] == label }
            let count = Set(rows.map { batches[$0] }).count
            guard count > 1, count < rows.count else { continue }
            means.append(rows.reduce(0) { $0 + 1 - abs(values[$1]) } / Double(rows.count))
        }
        return means.isEmpty ? nil : means.reduce(0, +) / Double(means.count)
    }

    private static func connectivity(_ edges: [[Int]], _ labels: [Int], _ labelCount: Int) -> Double {
        // Each row's part is the row that a walk upwards ends at.
        var above = Array(edges.indices)
        func top(_ row: Int) -> Int {
            var row = row
            while above[row] != row {
                above[row] = above[above[row]]
                row = above[row]
            }
            return row
        }
        for (row, others) in edges.enumerated() {
            for other in others where labels[other] == labels[row] { above[top(row)] = top(other) }
        }
        var sizes = [Int](repeating: 0, count: edges.count)
        for row in edges.indices { sizes[top(row)] += 1 }
        var (largest, all) = ([Int](repeating: 0, count: labelCount), [Int](repeating: 0, count: labelCount))
        for row in edges.indices {
            all[labels[row]] += 1
            largest[labels[row]] = max(largest[labels[row]], sizes[top(row)])
        }
        let shares = zip(largest, all).filter { $0.1 > 0 }.map { Double($0) / Double($1) }
        return shares.reduce(0, +) / Double(shares.count)
    }
}
