internal import CKernels
internal import Distributed
internal import Support

/// Eigenvalues and eigenvectors of a symmetric matrix T of three diagonals by divide and conquer (Cuppen 1981, with the deflation
/// and the vectors of Gu & Eisenstat 1995).
///
/// T is two smaller such matrices and r v v' with a v of two elements beside each other. Those are solved first, all of one size
/// together, and ``EigenMerge`` makes the solution of the whole of theirs.
final class DivideAndConquer {
    let values: UnsafeMutablePointer<Double>
    /// Rows, `[size, size]`; each belongs to the value of its place.
    private(set) var vectors: UnsafeMutablePointer<Double>

    private let size: Int
    private let pool: WorkerPool
    private let beside: [Double]
    private let valueMemory: AlignedMemory<Double>
    /// Merges read vectors from one and leave them in the other.
    private let vectorMemory: (AlignedMemory<Double>, AlignedMemory<Double>)

    /// The largest matrix that ``ImplicitQL`` solves.
    private static let leaf = 32

    init(diagonal: [Double], beside: [Double], pool: WorkerPool) {
        self.beside = beside
        self.pool = pool
        size = diagonal.count
        valueMemory = AlignedMemory<Double>(count: size, usesLargePages: true)
        values = valueMemory.pointer
        values.initialize(from: diagonal, count: size)
        vectorMemory = (
            AlignedMemory<Double>(count: size * size, usesLargePages: true),
            AlignedMemory<Double>(count: size * size, usesLargePages: true)
        )
        vectors = vectorMemory.0.pointer
    }

    func solve() {
        var level = 0
        while (size - 1) >> level >= Self.leaf { level += 1 }
        let bounds = bounds(level)
        for bound in bounds.dropFirst().dropLast() {
            values[bound - 1] -= abs(beside[bound - 1])
            values[bound] -= abs(beside[bound - 1])
        }
        pool.run { worker in
            for part in stride(from: worker, to: bounds.count - 1, by: pool.count) { solveLeaf(bounds[part]..<bounds[part + 1]) }
        }
        var other = vectorMemory.1.pointer
        let merge = EigenMerge(size: size, pool: pool)
        while level > 0 {
            let bounds = self.bounds(level)
            for part in stride(from: 0, to: bounds.count - 1, by: 2) {
                Heartbeat.beat()
                merge.run(
                    bounds[part]..<bounds[part + 2], middle: bounds[part + 1], beside: beside[bounds[part + 1] - 1], values,
                    from: vectors, to: other)
            }
            swap(&vectors, &other)
            level -= 1
        }
    }

    /// Where parts begin if the matrix is halved `level` times, and its end.
    private func bounds(_ level: Int) -> [Int] { (0...(1 << level)).map { (size * $0) >> level } }

    private func solveLeaf(_ rows: Range<Int>) {
        let (first, count) = (rows.lowerBound, rows.count)
        let own = vectors + first * size + first
        for i in 0..<count { for j in 0..<count { own[i * size + j] = i == j ? 1 : 0 } }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { e in
            for i in 0..<count { e[i] = i < count - 1 ? beside[first + i] : 0 }
            ImplicitQL.diagonalize(values + first, e.baseAddress!, count, own, stride: size)
        }
    }
}
