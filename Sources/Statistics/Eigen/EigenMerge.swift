internal import CKernels
internal import Distributed
internal import Support

/// Makes of the eigenvalues and eigenvectors of two matrices those of the two beside each other plus r v v', where v is 0 but for the
/// last row of the first and the first row of the second.
///
/// In terms of the eigenvectors Q it is D + r z z', z = Q' v. Where an element of z is small, or can be made small by turning two
/// eigenvectors of nearly the same value, value and vector stay what they are (deflation). The others' new values are the zeros
/// of a ``SecularEquation``; their vectors are z_j / (d_j - value), with the z for which the values that were found are exact
/// (Gu & Eisenstat 1994), times Q.
final class EigenMerge {
    /// Columns of an old vector that are not all 0.
    private enum Reach: Int { case left, both, right }

    private let size: Int
    private let pool: WorkerPool
    private let product: DoubleProduct
    private let numbers: AlignedMemory<Double>
    private var poles: UnsafeMutablePointer<Double> { numbers.pointer }
    private var z: UnsafeMutablePointer<Double> { numbers.pointer + size }
    private var weights: UnsafeMutablePointer<Double> { numbers.pointer + 2 * size }
    /// Poles and weights, vectors of the left half first, then those of both, then of the right.
    private var groupedPoles: UnsafeMutablePointer<Double> { numbers.pointer + 3 * size }
    private var groupedWeights: UnsafeMutablePointer<Double> { numbers.pointer + 4 * size }
    private var allZ: UnsafeMutablePointer<Double> { numbers.pointer + 5 * size }
    private var reach: [Reach]
    private var roots: [SecularEquation.Root]
    /// New vectors in terms of the old ones, `[some rows, size]`.
    private let rotations: AlignedMemory<Double>
    private let rotationRows: Int

    init(size: Int, pool: WorkerPool) {
        self.size = size
        self.pool = pool
        product = DoubleProduct(pool: pool)
        numbers = AlignedMemory<Double>(count: 6 * size, usesLargePages: true)
        reach = [Reach](repeating: .left, count: size)
        roots = [SecularEquation.Root](repeating: SecularEquation.Root(origin: 0, offset: 0), count: size)
        // Enough tiles for all workers.
        rotationRows = min(size, DoubleProduct.tileRows * max(4, (pool.count + 3) / 4))
        rotations = AlignedMemory<Double>(count: rotationRows * size, usesLargePages: true)
    }

    /// - Parameters:
    ///   - rows: of values and vectors, and columns of vectors; `middle` is the first of the second half.
    ///   - beside: the element of the whole matrix between the halves.
    ///   - values: of each row, old, then new; in no order.
    ///   - old: vectors of both halves, rows `size` apart, each with the columns of its half; some are turned.
    ///   - new: the whole's vectors.
    func run(
        _ rows: Range<Int>, middle: Int, beside: Double, _ values: UnsafeMutablePointer<Double>,
        from old: UnsafeMutablePointer<Double>, to new: UnsafeMutablePointer<Double>
    ) {
        // z of length 1, as v has the length of the root of 2.
        let part = 0.5.squareRoot()
        for row in rows.lowerBound..<middle {
            reach[row] = .left
            allZ[row] = part * old[row * size + middle - 1]
        }
        for row in middle..<rows.upperBound {
            reach[row] = .right
            allZ[row] = (beside < 0 ? -part : part) * old[row * size + middle]
        }
        let factor = 2 * abs(beside)
        let (kept, deflated) = deflate(rows, middle: middle, factor: factor, values, old)
        for (place, row) in kept.enumerated() {
            poles[place] = values[row]
            z[place] = allZ[row]
        }
        let equation = SecularEquation(poles: poles, z: z, count: kept.count, factor: factor)
        let grouped = kept.indices.sorted { (reach[kept[$0]].rawValue, $0) < (reach[kept[$1]].rawValue, $1) }
        let places = grouped.map { kept[$0] }
        let counts = [Reach.left, .both, .right].map { reach in kept.count { self.reach[$0] == reach } }
        let stays = deflated.map { values[$0] }

        roots.withUnsafeMutableBufferPointer { roots in
            places.withUnsafeBufferPointer { places in
                pool.run { worker in
                    for index in stride(from: worker, to: kept.count, by: pool.count) {
                        if index % 64 == worker { Heartbeat.beat() }
                        roots[index] = equation.root(index)
                    }
                    pool.meet()
                    weigh(worker, kept.count, roots.baseAddress!)
                    pool.meet()
                    if worker == 0 {
                        for (place, index) in grouped.enumerated() {
                            groupedPoles[place] = poles[index]
                            groupedWeights[place] = weights[index]
                        }
                    }
                    for (place, row) in deflated.enumerated() where place % pool.count == worker {
                        keep(row, as: rows.lowerBound + kept.count + place, rows, middle: middle, from: old, to: new)
                    }
                    pool.meet()
                    for first in stride(from: 0, to: kept.count, by: rotationRows) {
                        let some = first..<min(first + rotationRows, kept.count)
                        rotate(worker, some, kept.count, roots.baseAddress!)
                        pool.meet()
                        multiply(
                            worker, some, counts, places.baseAddress, rows, middle: middle, from: old,
                            to: new + (rows.lowerBound + first) * size)
                        pool.meet()
                    }
                }
            }
        }
        for place in kept.indices { values[rows.lowerBound + place] = poles[roots[place].origin] + roots[place].offset }
        for (place, value) in stays.enumerated() { values[rows.lowerBound + kept.count + place] = value }
    }

    /// The rows that take part, their values ascending, and those that stay.
    private func deflate(
        _ rows: Range<Int>, middle: Int, factor: Double, _ values: UnsafeMutablePointer<Double>,
        _ old: UnsafeMutablePointer<Double>
    ) -> (kept: [Int], deflated: [Int]) {
        var largest = factor
        for row in rows { largest = max(largest, abs(values[row])) }
        let tolerance = 4 * .ulpOfOne * largest
        var (kept, deflated) = ([Int](), [Int]())
        for row in rows.sorted(by: { (values[$0], $0) < (values[$1], $1) }) {
            if factor * abs(allZ[row]) <= tolerance {
                deflated.append(row)
                continue
            }
            guard let before = kept.last else {
                kept.append(row)
                continue
            }
            // The turn that makes z of the row before 0 leaves this beside the diagonal.
            let length = (allZ[row] * allZ[row] + allZ[before] * allZ[before]).squareRoot()
            let (c, s) = (allZ[row] / length, allZ[before] / length)
            let (lower, upper) = (values[before], values[row])
            if abs((upper - lower) * c * s) > tolerance {
                kept.append(row)
                continue
            }
            if reach[before] != reach[row] {
                widen(before, rows, middle: middle, old)
                widen(row, rows, middle: middle, old)
            }
            let (p, q) = (old + before * size, old + row * size)
            for j in columns(reach[row], rows, middle) {
                let value = p[j]
                p[j] = c * value - s * q[j]
                q[j] = c * q[j] + s * value
            }
            values[before] = lower * c * c + upper * s * s
            values[row] = lower * s * s + upper * c * c
            (allZ[before], allZ[row]) = (0, length)
            deflated.append(before)
            kept[kept.count - 1] = row
        }
        return (kept, deflated)
    }

    /// Gives a row the columns of both halves.
    private func widen(_ row: Int, _ rows: Range<Int>, middle: Int, _ old: UnsafeMutablePointer<Double>) {
        if reach[row] == .both { return }
        for j in columns(reach[row] == .left ? .right : .left, rows, middle) { old[row * size + j] = 0 }
        reach[row] = .both
    }

    private func columns(_ reach: Reach, _ rows: Range<Int>, _ middle: Int) -> Range<Int> {
        switch reach {
        case .left: rows.lowerBound..<middle
        case .right: middle..<rows.upperBound
        case .both: rows
        }
    }

    /// Takes an old vector over.
    private func keep(
        _ row: Int, as place: Int, _ rows: Range<Int>, middle: Int, from old: UnsafeMutablePointer<Double>,
        to new: UnsafeMutablePointer<Double>
    ) {
        let columns = columns(reach[row], rows, middle)
        for j in rows { new[place * size + j] = columns.contains(j) ? old[row * size + j] : 0 }
    }

    /// A worker's part of the z for which the roots are exact, but for a factor of all of them: z_j^2 is the product of all
    /// root_i - d_j divided by that of the d_i - d_j, i other than j.
    private func weigh(_ worker: Int, _ count: Int, _ roots: UnsafePointer<SecularEquation.Root>) {
        let (first, end) = (count * worker / pool.count, count * (worker + 1) / pool.count)
        for j in first..<end { weights[j] = 1 }
        for i in 0..<count {
            let (origin, offset) = (poles[roots[i].origin], roots[i].offset)
            for part in [first..<max(min(i, end), first), min(max(i + 1, first), end)..<end] {
                kernel_secular_weights(
                    weights + part.lowerBound, poles + part.lowerBound, origin, offset, poles[i], part.count)
            }
            if i >= first, i < end { weights[i] *= (poles[i] - origin) - offset }
        }
        for j in first..<end { weights[j] = z[j] < 0 ? -abs(weights[j]).squareRoot() : abs(weights[j]).squareRoot() }
    }

    /// A worker's part of some new vectors in terms of the old ones.
    private func rotate(_ worker: Int, _ some: Range<Int>, _ count: Int, _ roots: UnsafePointer<SecularEquation.Root>) {
        for index in stride(from: some.lowerBound + worker, to: some.upperBound, by: pool.count) {
            kernel_secular_vector(
                rotations.pointer + (index - some.lowerBound) * count, groupedPoles, groupedWeights,
                poles[roots[index].origin], roots[index].offset, count)
        }
    }

    /// Some new vectors: each half's columns of those old ones that have them.
    private func multiply(
        _ worker: Int, _ some: Range<Int>, _ counts: [Int], _ places: UnsafePointer<Int>?, _ rows: Range<Int>, middle: Int,
        from old: UnsafeMutablePointer<Double>, to new: UnsafeMutablePointer<Double>
    ) {
        let count = counts[0] + counts[1] + counts[2]
        for (skipped, terms, columns) in [
            (0, counts[0] + counts[1], rows.lowerBound..<middle), (counts[0], counts[1] + counts[2], middle..<rows.upperBound),
        ] {
            product.multiplyTiles(
                worker, kernel_factor(values: rotations.pointer + skipped, outer: count, term: 1, places: nil),
                kernel_factor(values: old + columns.lowerBound, outer: 1, term: size, places: places.map { $0 + skipped }),
                into: new + columns.lowerBound, stride: size, rows: some.count, columns: columns.count, terms: terms)
        }
    }
}
