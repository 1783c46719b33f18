internal import CKernels
internal import Distributed
internal import Support

/// The reflections I - t v v' of a ``Tridiagonalization``: row i of the matrix has v, of length i, whose last element is 1.
///
/// Those of a block of rows are applied together, as I - V' T V with a triangular T (Schreiber & Van Loan 1989), by products of
/// matrices.
struct Reflections {
    private let matrix: UnsafeMutablePointer<Double>
    private let size: Int
    private let factorMemory: AlignedMemory<Double>
    /// t of each row from the third on.
    var factors: UnsafeMutablePointer<Double> { factorMemory.pointer }

    /// Reflections that are applied together.
    private static let block = 96

    init(_ matrix: UnsafeMutablePointer<Double>, size: Int) {
        self.matrix = matrix
        self.size = size
        factorMemory = AlignedMemory<Double>(count: size, usesLargePages: true)
    }

    /// Reflects vectors `[size, size]`, which are rows: by the first row's reflection first.
    func apply(to vectors: UnsafeMutablePointer<Double>, pool: WorkerPool) {
        let product = DoubleProduct(pool: pool)
        let block = Self.block
        let v = AlignedMemory<Double>(count: block * size, usesLargePages: true)
        let triangle = AlignedMemory<Double>(count: block * block, usesLargePages: true)
        let products = AlignedMemory<Double>(count: block * block, usesLargePages: true)
        // For each worker the products of some vectors with V, and those times T'.
        let tile = DoubleProduct.tileRows
        let scratch = AlignedMemory<Double>(count: pool.count * 2 * tile * block, usesLargePages: true)
        for first in stride(from: 2, to: size, by: block) {
            let count = min(block, size - first)
            let columns = first + count - 1
            // The reflection that is applied last comes first.
            let rows = kernel_factor(values: v.pointer, outer: columns, term: 1, places: nil)
            pool.run { worker in
                for place in stride(from: worker, to: count, by: pool.count) {
                    let length = first + count - 1 - place
                    let row = v.pointer + place * columns
                    row.update(from: matrix + length * size, count: length)
                    (row + length).update(repeating: 0, count: columns - length)
                }
                pool.meet()
                let from = count * worker / pool.count
                let end = count * (worker + 1) / pool.count
                var own = rows
                own.values += from * columns
                product.multiply(
                    worker, own, rows, into: products.pointer + from * count, stride: count, rows: end - from, columns: count,
                    terms: columns)
                pool.meet()
                if worker == 0 { makeTriangle(triangle.pointer, products.pointer, count: count, last: first + count - 1) }
                pool.meet()

                let (a, b) = (scratch.pointer + worker * 2 * tile * block, scratch.pointer + (worker * 2 + 1) * tile * block)
                for place in stride(from: worker * tile, to: size, by: pool.count * tile) {
                    Heartbeat.beat()
                    let some = min(tile, size - place)
                    let target = vectors + place * size
                    product.multiply(
                        worker, kernel_factor(values: target, outer: size, term: 1, places: nil), rows, into: a, stride: count,
                        rows: some, columns: count, terms: columns)
                    product.multiply(
                        worker, kernel_factor(values: a, outer: count, term: 1, places: nil),
                        kernel_factor(values: triangle.pointer, outer: count, term: 1, places: nil), into: b, stride: count,
                        rows: some, columns: count, terms: count)
                    product.multiply(
                        worker, kernel_factor(values: b, outer: count, term: 1, places: nil),
                        kernel_factor(values: v.pointer, outer: 1, term: columns, places: nil), into: target, stride: size,
                        rows: some, columns: columns, terms: count, subtracts: true)
                }
            }
        }
    }

    /// T `[count, count]` of the products V V': column j is t_j for itself and -t_j T V v_j above.
    private func makeTriangle(
        _ triangle: UnsafeMutablePointer<Double>, _ products: UnsafeMutablePointer<Double>, count: Int, last: Int
    ) {
        triangle.update(repeating: 0, count: count * count)
        for j in 0..<count {
            let factor = factors[last - j]
            for i in 0..<j {
                var sum = 0.0
                for k in i..<j { sum += triangle[i * count + k] * products[k * count + j] }
                triangle[i * count + j] = -factor * sum
            }
            triangle[j * count + j] = factor
        }
    }
}
