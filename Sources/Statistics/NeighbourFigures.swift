package import Distributed

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
