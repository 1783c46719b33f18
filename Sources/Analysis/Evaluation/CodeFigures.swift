internal import Datasets
package import Distributed
internal import Foundation
internal import HDF5
internal import VAE

/// Codes with the labels of their rows: what `evaluate` says of how the labels lie in the space of the codes.
///
/// Every rank has all of it and does a part of the work; what one row or one attempt gives does not depend on who computes it.
package struct LabelledCodes {
    let latentSize: Int
    /// `[count, latentSize]`
    let values: [Float]
    /// Each row's label, by its place among the labels in ascending order.
    let labels: [Int]
    /// The labels, in ascending order.
    let classes: [String]

    var count: Int { labels.count }

    package init(latentSize: Int, values: [Float], labels: [Int], classes: [String]) {
        self.latentSize = latentSize
        self.values = values
        self.labels = labels
        self.classes = classes
    }

    init(_ codes: Codebook, labels: RowLabels) {
        self.init(latentSize: codes.latentSize, values: codes.values, labels: labels.indices, classes: labels.classes)
    }
}

/// Labels as numbers.
struct RowLabels {
    /// Of each row, the place of its label among the classes.
    let indices: [Int]
    /// In ascending order: numbers by value, text by bytes.
    let classes: [String]

    /// The labels of rows that have one; nil where they are numbers that are not all whole.
    init?(_ values: RowValues, _ rows: [Int64]) throws(HDF5Error) {
        let labels = try values.strings(rows)
        let distinct = Set(labels)
        if values.kind == .doubles, distinct.contains(where: { Int64($0) == nil }) { return nil }
        classes =
            values.kind == .strings
            ? distinct.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : distinct.sorted(by: LabelClasses.precedes)
        let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        indices = labels.map { places[$0]! }
    }
}

/// What a row's distances to all others say.
package struct NeighbourFigures {
    /// The label that the nearest rows vote for.
    package private(set) var vote: [Int] = []
    /// (b - a) / max(a, b): a the mean distance to rows of its label, b that to the nearest other label's (Rousseeuw 1987,
    /// section 2); 0 for a row that is alone with its label.
    package private(set) var silhouette: [Double] = []

    private static let neighbours = 10

    /// Computes each row's figures from Euclidean distances. Collective.
    ///
    /// Of rows at the same distance those with the smaller number are nearer; of labels with as many votes the smallest one wins.
    package static func compute(_ codes: LabelledCodes, world: World, pool: WorkerPool) throws -> NeighbourFigures {
        let count = codes.count
        // One latent after the other, so that distances to many rows are computed at once.
        let columns = UnsafeMutablePointer<Double>.allocate(capacity: max(count * codes.latentSize, 1))
        defer { columns.deallocate() }
        for row in 0..<count {
            for i in 0..<codes.latentSize { columns[i * count + row] = Double(codes.values[row * codes.latentSize + i]) }
        }
        let own = ShardPlan.part(world.rank, of: world.size, count: count)
        var votes = [Int64](repeating: 0, count: own.count)
        var silhouettes = [Double](repeating: 0, count: own.count)
        votes.withUnsafeMutableBufferPointer { votes in
            silhouettes.withUnsafeMutableBufferPointer { silhouettes in
                nonisolated(unsafe) let (votes, silhouettes) = (votes, silhouettes)
                pool.run { worker in
                    var distances = [Double](repeating: 0, count: count)
                    for index in ShardPlan.part(worker, of: pool.count, count: own.count) {
                        let row = own.lowerBound + index
                        Self.squaredDistances(of: row, columns, codes.latentSize, &distances)
                        votes[index] = Int64(Self.vote(codes, row, distances))
                        silhouettes[index] = Self.silhouette(codes, row, distances)
                    }
                }
            }
        }
        return NeighbourFigures(
            vote: try world.communicator.allGather(votes).flatMap { $0.map { Int($0) } },
            silhouette: try world.communicator.allGather(silhouettes).flatMap { $0 })
    }

    private static func squaredDistances(
        of row: Int, _ columns: UnsafePointer<Double>, _ latentSize: Int, _ distances: inout [Double]
    ) {
        let count = distances.count
        distances.withUnsafeMutableBufferPointer { distances in
            let target = distances.baseAddress!
            target.update(repeating: 0, count: count)
            for i in 0..<latentSize {
                let column = columns + i * count
                let own = column[row]
                for other in 0..<count {
                    let difference = column[other] - own
                    target[other] += difference * difference
                }
            }
        }
    }

    private static func vote(_ codes: LabelledCodes, _ row: Int, _ distances: [Double]) -> Int {
        var nearest: [(distance: Double, row: Int)] = []
        for other in distances.indices where other != row {
            let distance = distances[other]
            if nearest.count == neighbours, distance >= nearest[neighbours - 1].distance { continue }
            let place = nearest.firstIndex { $0.distance > distance } ?? nearest.count
            nearest.insert((distance, other), at: place)
            if nearest.count > neighbours { nearest.removeLast() }
        }
        var votes = [Int](repeating: 0, count: codes.classes.count)
        for neighbour in nearest { votes[codes.labels[neighbour.row]] += 1 }
        return votes.firstIndex(of: votes.max()!)!
    }

    private static func silhouette(_ codes: LabelledCodes, _ row: Int, _ distances: [Double]) -> Double {
        var sums = [Double](repeating: 0, count: codes.classes.count)
        var counts = [Int](repeating: 0, count: codes.classes.count)
        for other in distances.indices where other != row {
            sums[codes.labels[other]] += distances[other].squareRoot()
            counts[codes.labels[other]] += 1
        }
        let label = codes.labels[row]
        if counts[label] == 0 { return 0 }
        let own = sums[label] / Double(counts[label])
        let next = sums.indices.lazy.filter { $0 != label && counts[$0] > 0 }.map { sums[$0] / Double(counts[$0]) }.min()
        guard let next, max(own, next) > 0 else { return 0 }
        return (next - own) / max(own, next)
    }
}
