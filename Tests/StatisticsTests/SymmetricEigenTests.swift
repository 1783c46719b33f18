import Distributed
import Foundation
import Statistics
import TestSupport
import Testing

/// Eigenvalues with closed forms or by numpy, and what must hold of all: A V = V L and V' V = I, to some rounding.
struct SymmetricEigenTests {
    private struct Solution: Equatable {
        var values: [Double]
        /// Rows.
        var vectors: [Double]
    }

    private func solve(_ matrix: [Double], threads: Int = 2) -> Solution {
        var vectors = matrix
        let size = Int(Double(matrix.count).squareRoot())
        let values = vectors.withUnsafeMutableBufferPointer {
            SymmetricEigen.decompose($0.baseAddress!, size: size, pool: WorkerPool(count: threads))
        }
        return Solution(values: values, vectors: vectors)
    }

    /// Solves and checks what must hold: `n` times the rounding of one operation at most, and no thread makes a difference.
    private func checked(_ matrix: [Double], _ comment: Comment) -> [Double] {
        let n = Int(Double(matrix.count).squareRoot())
        let solution = solve(matrix)
        let (values, v) = (solution.values, solution.vectors)
        let norm = values.reduce(0) { max($0, abs($1)) }
        var (residual, skew) = (0.0, 0.0)
        for a in 0..<n {
            for row in 0..<n {
                var sum = 0.0
                for k in 0..<n { sum += matrix[row * n + k] * v[a * n + k] }
                residual = max(residual, abs(sum - values[a] * v[a * n + row]))
            }
            for b in 0...a {
                var sum = 0.0
                for k in 0..<n { sum += v[a * n + k] * v[b * n + k] }
                skew = max(skew, abs(sum - (a == b ? 1 : 0)))
            }
        }
        let limit = Double(max(n, 8)) * .ulpOfOne
        #expect(residual <= limit * norm, "\(comment): \(residual / norm / .ulpOfOne) roundings")
        #expect(skew <= limit, "\(comment): \(skew / .ulpOfOne) roundings")
        #expect(values == values.sorted(), comment)
        for threads in [1, 3] { #expect(solve(matrix, threads: threads) == solution, "\(comment), \(threads) threads") }
        return values
    }

    private func expect(_ values: [Double], _ wanted: [Double], _ comment: Comment) {
        let norm = wanted.reduce(0) { max($0, abs($1)) }
        let limit = Double(max(wanted.count, 8)) * .ulpOfOne * norm
        #expect(values.count == wanted.count, comment)
        let worst = zip(values, wanted.sorted()).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= limit, "\(comment): \(worst)")
    }

    private func matrix(_ n: Int, _ element: (Int, Int) -> Double) -> [Double] {
        (0..<n * n).map { element(max($0 / n, $0 % n), min($0 / n, $0 % n)) }
    }

    /// Numbers between -1 and 1 that depend on nothing (Knuth's generator of 64 bits).
    private func numbers(_ count: Int, seed: UInt64 = 1) -> [Double] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 11) * 0x1p-52
        }
    }

    @Test func smallest() {
        #expect(solve([]).values == [])
        #expect(solve([-3]) == Solution(values: [-3], vectors: [1]))
        expect(checked([2, 1, 1, 2], "2 x 2"), [1, 3], "2 x 2")
        expect(checked([0, -5, -5, 0], "no diagonal"), [-5, 5], "no diagonal")
        expect(checked([2, -1, 0, -1, 2, -1, 0, -1, 2], "3 x 3"), [2 - 2.squareRoot(), 2, 2 + 2.squareRoot()], "3 x 3")
    }

    /// Values that need no arithmetic come out as they are.
    @Test(arguments: [1, 5, 32, 33, 100]) func diagonal(n: Int) {
        #expect(checked([Double](repeating: 0, count: n * n), "zero") == [Double](repeating: 0, count: n))
        let diagonal = numbers(n)
        #expect(checked(matrix(n) { $0 == $1 ? diagonal[$0] : 0 }, "diagonal") == diagonal.sorted())
        #expect(checked(matrix(n) { $0 == $1 ? 7 : 0 }, "multiple of I") == [Double](repeating: 7, count: n))
    }

    /// 2 - 2 cos(k pi / (n + 1)), k = 1 ... n.
    @Test(arguments: [2, 31, 32, 33, 63, 64, 65, 130, 300]) func secondDifferences(n: Int) {
        let values = checked(matrix(n) { $0 == $1 ? 2 : $0 == $1 + 1 ? -1 : 0 }, "second differences")
        expect(values, (1...n).map { 2 - 2 * cos(Double($0) * .pi / Double(n + 1)) }, "second differences of \(n)")
    }

    /// Pairs that agree in up to 14 digits: of 2 m + 1 rows, |m - i| in the diagonal and 1 beside it (Wilkinson 1965, page 309).
    @Test func wilkinson() {
        let values = checked(matrix(21) { $0 == $1 ? Double(abs(10 - $0)) : $0 == $1 + 1 ? 1 : 0 }, "W21+")
        for (place, value) in [(20, 10.746194182903393), (19, 10.746194182903322), (0, -1.125441522119984)] {
            #expect(abs(values[place] - value) < 1e-14, "\(values[place])")
        }
        // The large ones of more rows are the same but for rounding.
        let large = checked(matrix(401) { $0 == $1 ? Double(abs(200 - $0)) : $0 == $1 + 1 ? 1 : 0 }, "W401+")
        for upper in stride(from: 400, to: 200, by: -2) { #expect(large[upper] - large[upper - 1] < 1e-12) }
    }

    /// Copies of W21+ with little between them have each value many times over but for that little: there vectors are only orthogonal if
    /// they are those of z for which the values found are exact.
    @Test(arguments: [1e-4, 1e-6, 1e-8, 1e-10, 1e-12]) func gluedWilkinson(glue: Double) {
        let glued = matrix(21 * 12) {
            $0 == $1 ? Double(abs(10 - $0 % 21)) : $0 == $1 + 1 ? ($0 % 21 == 0 ? glue : 1) : 0
        }
        let values = checked(glued, "glued by \(glue)")
        let largest = values.suffix(24)
        #expect(largest.allSatisfy { abs($0 - 10.746194182903393) < 2 * glue + 1e-12 })
    }

    /// Half of them 1, half of them 5; the products of a vector with itself; all elements the same.
    @Test func equalValues() {
        let n = 160
        let v = numbers(n, seed: 3)
        let squares = v.reduce(0) { $0 + $1 * $1 }
        // I - 2 v v' / v'v is symmetric and orthogonal; it turns no two of the same value apart.
        func mirror(_ i: Int, _ j: Int) -> Double { (i == j ? 1 : 0) - 2 * v[i] * v[j] / squares }
        let turned = matrix(n) { i, j in (0..<n).reduce(0) { $0 + mirror(i, $1) * ($1 % 2 == 0 ? 1 : 5) * mirror($1, j) } }
        expect(checked(turned, "two values"), (0..<n).map { $0 % 2 == 0 ? 1 : 5 }, "two values")
        let zeros = [Double](repeating: 0, count: n - 1)
        expect(checked(matrix(n) { v[$0] * v[$1] }, "one direction"), zeros + [squares], "one direction")
        expect(checked(matrix(n) { _, _ in 1 }, "ones"), zeros + [Double(n)], "ones")
    }

    /// Fewer rows than columns, as the whitening of few rows has.
    @Test func deficientCovariance() {
        let (n, rows) = (150, 40)
        let data = numbers(n * rows, seed: 7)
        let values = checked(
            matrix(n) { i, j in (0..<rows).reduce(0) { $0 + data[$1 * n + i] * data[$1 * n + j] } }, "40 rows")
        let rounding = Double(n) * .ulpOfOne * values[n - 1]
        #expect(values.filter { abs($0) > rounding }.count == rows)
    }

    /// Elements from 1 to 1e-150 times as much, and all of them near the ends of what there is.
    @Test func graded() {
        let noise = numbers(100 * 100, seed: 9)
        for base in [0.5, 0.03] {
            let power = (0..<200).map { pow(base, Double($0)) }
            _ = checked(matrix(100) { power[$0 + $1] * noise[$0 * 100 + $1] }, "graded by \(base)")
            _ = checked(matrix(100) { power[198 - $0 - $1] * noise[$0 * 100 + $1] }, "graded by 1 / \(base)")
        }
        for scale in [1e-300, 1e300] {
            let values = checked(matrix(50) { $0 == $1 ? 2 * scale : $0 == $1 + 1 ? -scale : 0 }, "times \(scale)")
            expect(values, (1...50).map { (2 - 2 * cos(Double($0) * .pi / 51)) * scale }, "times \(scale)")
        }
    }

    @Test func whatIsNoNumber() {
        for value in [Double.nan, .infinity] {
            let values = solve(matrix(40) { $0 == 20 && $1 == 3 ? value : 1 }).values
            #expect(values.count == 40 && values.allSatisfy { $0.isNaN })
        }
    }

    /// A matrix of random numbers and a covariance, against LAPACK's values and, up to the sign, vectors.
    @Test func asNumpy() throws {
        let n = 300
        let noise = numbers(n * n, seed: 11)
        let random = matrix(n) { noise[$0 * n + $1] }
        let covariance = matrix(n) { i, j in
            (0..<n).reduce(0) { $0 + noise[$1 * n + i] * noise[$1 * n + j] / Double(1 + i + j) }
        }
        for matrix in [random, covariance] {
            let solution = solve(matrix)
            let folder = try TemporaryFolder()
            for (name, numbers) in [("a", matrix), ("values", solution.values), ("vectors", solution.vectors)] {
                try numbers.withUnsafeBytes { try Data($0).write(to: folder.url.appending(path: name)) }
            }
            let script = """
                import numpy as np, sys
                a, values, vectors = (np.fromfile(sys.argv[1] + "/" + name) for name in ("a", "values", "vectors"))
                a, vectors = a.reshape(\(n), \(n)), vectors.reshape(\(n), \(n))
                wanted, columns = np.linalg.eigh(a)
                norm = abs(wanted).max()
                assert abs(values - wanted).max() < 300 * 2.2e-16 * norm, abs(values - wanted).max() / norm
                # Vectors are as sure as their values are apart.
                gaps = np.minimum(np.diff(wanted, prepend=-np.inf), np.diff(wanted, append=np.inf))
                same = abs((vectors * columns.T).sum(axis=1))
                assert ((1 - same) * gaps ** 2 < (300 * 2.2e-16 * norm) ** 2 + 1e-13 * gaps ** 2).all(), (1 - same).max()
                """
            let outcome = try Program.python(script, [folder.url.path])
            #expect(outcome.status == 0, "\(outcome)")
        }
    }
}
