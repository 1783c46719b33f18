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
    /// Of labels with as many votes the smallest one wins.
    package static func compute(_ codes: LabelledCodes, world: World, pool: WorkerPool) throws -> NeighbourFigures {
        let figures = try CodeDistances(codes).figures(width: 2, world: world, pool: pool) { row, distances, figures in
            figures[0] = Double(vote(codes, row, distances))
            figures[1] = CodeDistances.silhouette(of: row, distances, codes.labels, count: codes.classes.count)
        }
        let rows = 0..<codes.count
        return NeighbourFigures(vote: rows.map { Int(figures[2 * $0]) }, silhouette: rows.map { figures[2 * $0 + 1] })
    }

    private static func vote(_ codes: LabelledCodes, _ row: Int, _ distances: [Double]) -> Int {
        var votes = [Int](repeating: 0, count: codes.classes.count)
        for neighbour in CodeDistances.nearest(neighbours, to: row, distances) { votes[codes.labels[neighbour.row]] += 1 }
        return votes.firstIndex(of: votes.max()!)!
    }
}
