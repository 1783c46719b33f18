internal import CKernels
package import Distributed
internal import Foundation

/// Eigenvalues and eigenvectors of a symmetric matrix A: A = Q T Q' with T of three diagonals (``Tridiagonalization``), T = W L
/// W' by divide and conquer (``DivideAndConquer``), and Q W (``Reflections``).
///
/// The bits depend neither on the number of threads nor on the processor. For each n^2 numbers of the matrix two times as many
/// are taken besides it: 906 MB in all for n = 6,144.
package enum SymmetricEigen {
    /// Puts the eigenvectors into the place of a matrix `[size, size]`, each a row of length 1.
    ///
    /// - Returns: their eigenvalues, ascending; what is not a number for a matrix that holds such or infinite ones.
    package static func decompose(_ matrix: UnsafeMutablePointer<Double>, size: Int, pool: WorkerPool) -> [Double] {
        guard size > 0 else { return [] }
        var largest = 0.0
        for i in 0..<size * size {
            guard matrix[i].isFinite else { return [Double](repeating: .nan, count: size) }
            largest = max(largest, abs(matrix[i]))
        }

        // Squares neither overflow nor vanish if the largest element is about 1. Powers of two change no digit.
        let scale = largest > 0 ? largest.binade : 1
        for i in 0..<size * size { matrix[i] /= scale }
        let reflections = Reflections(matrix, size: size)
        let (diagonal, beside) = Tridiagonalization(matrix, size: size, pool: pool).reduce(reflections)
        let solution = DivideAndConquer(diagonal: diagonal, beside: beside, pool: pool)
        solution.solve()
        reflections.apply(to: solution.vectors, pool: pool)

        let order = (0..<size).sorted { (solution.values[$0], $0) < (solution.values[$1], $1) }
        for (place, row) in order.enumerated() {
            (matrix + place * size).update(from: solution.vectors + row * size, count: size)
        }
        return order.map { solution.values[$0] * scale }
    }
}

/// Doubles without values, in large pages, with one owner.
final class DoubleMemory {
    let pointer: UnsafeMutablePointer<Double>

    init(_ count: Int) {
        let bytes = max(count, 1) * MemoryLayout<Double>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        kernel_use_huge_pages(memory, bytes)
        pointer = memory.bindMemory(to: Double.self, capacity: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
