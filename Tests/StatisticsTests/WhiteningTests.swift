import Distributed
import Statistics
import TestSupport
import Testing

/// Whitening against numpy's `svd`, and closed forms.
struct WhiteningTests {
    /// Axes over singular values: of a diagonal matrix one over the roots of its elements.
    @Test func axesOfADiagonal() {
        var matrix = [4.0, 0, 0, 0, 25, 0, 0, 0, 1]
        let count = Whitening.makeAxes(&matrix, size: 3, pool: WorkerPool(count: 1))
        #expect(count == 3)
        // [size, axes], by ascending value; the sign is free.
        #expect(matrix.map(abs) == [0, 0.5, 0, 0, 0, 0.2, 1, 0, 0])
    }

    /// Axes of no length are left out: of v v' one is left, v / |v|^2.
    @Test func axesOfOneDirection() {
        let v = [3.0, -1, 2, 5]
        var matrix = (0..<16).map { v[$0 / 4] * v[$0 % 4] }
        #expect(Whitening.makeAxes(&matrix, size: 4, pool: WorkerPool(count: 2)) == 1)
        let sign = matrix[0] > 0 ? 1.0 : -1
        expect(matrix.prefix(4).map { sign * $0 }, v.map { $0 / 39 }, within: 1e-14)
        var zero = [Double](repeating: 0, count: 9)
        #expect(Whitening.makeAxes(&zero, size: 3, pool: WorkerPool(count: 1)) == 0)
    }

    /// Rows of six numbers, one of which the others tell: numpy's squared lengths of `(x - mean) V / S`, for any ranks and threads.
    @Test func distances() throws {
        let outputs = try [(1, "threads=1"), (3, "threads=1"), (3, "threads=2"), (8, "threads=1")].map { ranks, threads in
            let outcome = try Program.mpirun(ranks: ranks, Program.built("RankCases"), ["whitening", threads])
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output
        }
        #expect(Set(outputs).count == 1, "\(outputs)")
        let lines = outputs[0].split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
        try #require(lines.count == 2)
        expect(
            lines[0],
            [
                0.11554346376940919, 0.11641369107267627, 0.2562050369894856, 0.124064343275027, 0.24682088927411966,
                0.18935374962043522,
            ])
        // All rows that axes were made of have one for each axis together.
        expect(lines[1], [5])
    }
}
