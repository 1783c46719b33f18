internal import CKernels
internal import Distributed
internal import Support

/// Householder's reduction of a symmetric matrix to three diagonals, some rows at a time (Dongarra, Sorensen & Hammarling 1989;
/// as `dsytrd` of LAPACK), from the last row to the first.
///
/// Of row i a reflection H = I - t v v' leaves one element beside the diagonal. With w = t A v - (t^2 / 2) (v' A v) v, H A H is
/// A - v w' - w v': the rest of the matrix gets the v and w of a panel of rows together, by a product of matrices; until then they
/// are counted in where its rows and A v are needed. A v takes most of the time, for it reads all of the rest once for each row,
/// so only the lower triangle is kept up, with whole square blocks at the diagonal.
struct Tridiagonalization {
    private let matrix: UnsafeMutablePointer<Double>
    private let size: Int
    private let pool: WorkerPool
    private let product: DoubleProduct
    /// v and w of a panel with its number of rows m, `[3 m, size]`: the w, the v, and the w again.
    private let pairs: AlignedMemory<Double>
    /// What each block of rows adds to A v of the rows above it, `[blocks, size]`.
    private let above: AlignedMemory<Double>

    private static let panel = 48
    /// Rows of a block of the triangle: a multiple of eight that divides the rows of a tile.
    private static let block = 64

    init(_ matrix: UnsafeMutablePointer<Double>, size: Int, pool: WorkerPool) {
        self.matrix = matrix
        self.size = size
        self.pool = pool
        product = DoubleProduct(pool: pool)
        pairs = AlignedMemory<Double>(count: 3 * Self.panel * size, usesLargePages: true)
        above = AlignedMemory<Double>(count: (size + Self.block - 1) / Self.block * size, usesLargePages: true)
    }

    /// - Returns: T's diagonal and the one beside it; reflections are left in the matrix, and their factors.
    func reduce(_ reflections: Reflections) -> (diagonal: [Double], beside: [Double]) {
        var diagonal = [Double](repeating: 0, count: size)
        var beside = [Double](repeating: 0, count: max(size - 1, 0))
        var sums = [Double](repeating: 0, count: 2 * Self.panel)
        var end = size
        while end > 2 {
            let rows = min(Self.panel, end - 2)
            diagonal.withUnsafeMutableBufferPointer { diagonal in
                beside.withUnsafeMutableBufferPointer { beside in
                    sums.withUnsafeMutableBufferPointer { sums in
                        pool.run { worker in
                            for step in 0..<rows {
                                Heartbeat.beat()
                                reflect(
                                    worker, step, of: rows, row: end - 1 - step, diagonal.baseAddress!, beside.baseAddress!,
                                    reflections.factors, sums.baseAddress!)
                            }
                            update(worker, rows: rows, order: end - rows)
                        }
                    }
                }
            }
            end -= rows
        }
        diagonal[0] = matrix[0]
        if size > 1 {
            diagonal[1] = matrix[size + 1]
            beside[0] = matrix[size]
        }
        return (diagonal, beside)
    }

    private func w(_ step: Int) -> UnsafeMutablePointer<Double> { pairs.pointer + step * size }

    /// Row i's reflection v, of length i with a 1 at its end, into its place in the matrix, and v and w into the pairs.
    ///
    /// - Parameter sums: for the products of v with the panel's v and w so far.
    private func reflect(
        _ worker: Int, _ step: Int, of rows: Int, row i: Int, _ diagonal: UnsafeMutablePointer<Double>,
        _ beside: UnsafeMutablePointer<Double>, _ factors: UnsafeMutablePointer<Double>, _ sums: UnsafeMutablePointer<Double>
    ) {
        let row = matrix + i * size
        let (ws, vs, copies) = (w(0), w(rows), w(2 * rows))
        let (v, y) = (vs + step * size, ws + step * size)

        // The row as it is by now. Its v and w are taken from the columns of the pairs; part by part of the columns.
        let own = part(i + 1, worker)
        if step > 0, !own.isEmpty {
            subtract(vs, by: { ws[$0 * size + i] }, count: step, from: row, own)
            subtract(ws, by: { vs[$0 * size + i] }, count: step, from: row, own)
        }
        pool.meet()
        if worker == 0 {
            diagonal[i] = row[i]
            let last = row[i - 1]
            let squares = kernel_dot_double(row, row, i - 1)
            // What is so small that its squares vanish is nothing beside a matrix of about 1.
            if squares < 0x1p-960 {
                beside[i - 1] = last
                factors[i] = 0
                row.update(repeating: 0, count: i)
            } else {
                let length = (last * last + squares).squareRoot()
                let left = last > 0 ? -length : length
                beside[i - 1] = left
                factors[i] = (left - last) / left
                let divisor = last - left
                for j in 0..<i - 1 { row[j] /= divisor }
            }
            row[i - 1] = 1
            v.update(from: row, count: i)
        }
        pool.meet()
        if factors[i] == 0 {
            if worker == 0 {
                y.update(repeating: 0, count: i)
                (copies + step * size).update(repeating: 0, count: i)
            }
        } else {
            multiply(worker, v, into: y, order: i)
            for other in stride(from: worker, to: 2 * step, by: pool.count) {
                // By w first, for the v they belong to.
                sums[other] = kernel_dot_double(v, other < step ? ws + other * size : vs + (other - step) * size, i)
            }
            pool.meet()
            let own = part(i, worker)
            for block
                in (own.lowerBound / Self.block + 1)..<max((i + Self.block - 1) / Self.block, own.lowerBound / Self.block + 1)
            {
                let columns = own.clamped(to: 0..<block * Self.block)
                let added = above.pointer + block * size
                for j in columns { y[j] += added[j] }
            }
            if step > 0, !own.isEmpty {
                subtract(vs, by: { sums[$0] }, count: step, from: y, own)
                subtract(ws, by: { sums[step + $0] }, count: step, from: y, own)
            }
            for j in own { y[j] *= factors[i] }
            pool.meet()
            if worker == 0 {
                let half = factors[i] / 2 * kernel_dot_double(v, y, i)
                let copy = copies + step * size
                for j in 0..<i {
                    y[j] -= half * v[j]
                    copy[j] = y[j]
                }
            }
        }
        pool.meet()
    }

    /// `values[j] -= factor(k) vectors[k, j]`, k ascending.
    private func subtract(
        _ vectors: UnsafeMutablePointer<Double>, by factor: (Int) -> Double, count: Int,
        from values: UnsafeMutablePointer<Double>, _ columns: Range<Int>
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { factors in
            for k in 0..<count { factors[k] = -factor(k) }
            kernel_add_products_double(
                values + columns.lowerBound, factors.baseAddress!, vectors + columns.lowerBound, size, count, columns.count)
        }
    }

    /// A worker's part of `count` columns.
    private func part(_ count: Int, _ worker: Int) -> Range<Int> {
        let line = 8
        let lines = (count + line - 1) / line
        return min(lines * worker / pool.count * line, count)..<min(lines * (worker + 1) / pool.count * line, count)
    }

    /// A v of the leading rows and columns, but for what lies above the blocks' diagonals, which goes to `above`.
    private func multiply(
        _ worker: Int, _ v: UnsafeMutablePointer<Double>, into y: UnsafeMutablePointer<Double>, order: Int
    ) {
        for block in 0..<(order + Self.block - 1) / Self.block {
            // Long and short rows of the triangle for each, and the same ones each time.
            let turn = block % (2 * pool.count)
            guard worker == min(turn, 2 * pool.count - 1 - turn) else { continue }
            let first = block * Self.block
            let end = min(first + Self.block, order)
            kernel_symmetric_rows(y, above.pointer + block * size, matrix, size, v, first, end - first, end)
        }
    }

    /// The rest of the matrix, of `order` rows, less v w' + w v' of all pairs.
    private func update(_ worker: Int, rows: Int, order: Int) {
        var tile = 0
        for first in stride(from: 0, to: order, by: DoubleProduct.tileRows) {
            // Whole blocks at the diagonal; what is more is not read.
            let end = min(first + DoubleProduct.tileRows, order)
            product.multiplyTiles(
                worker, kernel_factor(values: w(rows) + first, outer: 1, term: size, places: nil),
                kernel_factor(values: w(0), outer: 1, term: size, places: nil), into: matrix + first * size, stride: size,
                rows: end - first, columns: end, terms: 2 * rows, subtracts: true, first: tile)
            tile += (end + DoubleProduct.tileColumns - 1) / DoubleProduct.tileColumns
        }
    }
}
