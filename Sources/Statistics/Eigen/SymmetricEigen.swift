package import Distributed

/// Eigenvalues and eigenvectors of a symmetric matrix A: A = Q T Q' with a T of three diagonals (``Tridiagonalization``), whose
/// vectors W come by divide and conquer (``DivideAndConquer``), and the product Q W (``Reflections``).
///
/// The bits depend neither on the number of threads nor on the processor. Besides the matrix twice its memory is taken: 906 MB in
/// all for 6,144 rows.
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
