internal import CKernels
package import Distributed
internal import Foundation
internal import Support

/// Sums of the products of columns over rows; each rank holds the rows of the matrix whose number it leaves by the number of ranks, and
/// sees all rows of the data in their order, so that the sums are the same bits on any number of ranks.
package final class Scatter {
    private let world: World
    private let pool: WorkerPool
    private let size: Int
    /// Rows `rank`, `rank + ranks` ... of the upper triangle, `[own, size]`; none once they are a whitening.
    private var products: AlignedMemory<Double>?
    private let own: [Int]
    private var sums: [Double]
    private var count = 0

    package init(size: Int, world: World, pool: WorkerPool) {
        self.size = size
        self.world = world
        self.pool = pool
        own = Array(stride(from: world.rank, to: size, by: world.size))
        sums = [Double](repeating: 0, count: size)
        let products = AlignedMemory<Double>(count: own.count * size, usesLargePages: true)
        products.pointer.initialize(repeating: 0, count: own.count * size)
        self.products = products
    }

    /// Adds rows `[rowCount, size]`; all but the last call must have a multiple of four.
    package func add(_ values: UnsafePointer<Float>, rowCount: Int) {
        let products = products!.pointer
        count += rowCount
        var one: Float = 1
        sums.withUnsafeMutableBufferPointer { kernel_add_products($0.baseAddress!, &one, 0, values, size, rowCount, size) }
        pool.run { worker in
            // Long and short rows of the triangle for each.
            for place in stride(from: worker, to: own.count, by: pool.count) {
                let row = own[place]
                kernel_add_products(
                    products + place * size + row, values + row, size, values + row, size, rowCount, size - row)
            }
        }
    }

    /// The whitening by all rows that were added, which ends this. Collective.
    package func whitening() throws -> Whitening {
        let mean = sums.map { $0 / Double(max(count, 1)) }
        // Root works in the one matrix of its node, which becomes the axes.
        let matrix = try NodeArray<Double>(world, count: size * size)
        for first in stride(from: 0, to: size, by: world.size) {
            // A row of each rank: they follow each other.
            let rows = (0..<world.size).map { min($0, size - first) * size..<min($0 + 1, size - first) * size }
            try world.communicator.gather(
                products!.pointer + first / world.size * size, ranges: rows, into: matrix.pointer + first * size)
        }
        products = nil
        var axisCount = 0
        try world.onRoot {
            for row in 0..<size {
                for column in row..<size {
                    let value = matrix.pointer[row * size + column] - Double(count) * mean[row] * mean[column]
                    matrix.pointer[row * size + column] = value
                    matrix.pointer[column * size + row] = value
                }
            }
            axisCount = Whitening.makeAxes(matrix.pointer, size: size, pool: pool)
        }
        axisCount = Int(try world.communicator.broadcast(Int64(axisCount)))
        try matrix.distribute(first: size * axisCount)
        return Whitening(mean: mean, axes: matrix, axisCount: axisCount, count: count)
    }
}

/// Distances by the principal axes of some rows: with D those rows less their mean and D = U S V' its singular values, the squared
/// length of (x - mean) V / S.
package struct Whitening {
    private let mean: [Double]
    /// V / S transposed back, `[size, axisCount]`; one matrix a node.
    private let axes: NodeArray<Double>
    private let axisCount: Int
    /// The rows it was made of.
    package let count: Int
    private var size: Int { mean.count }

    init(mean: [Double], axes: NodeArray<Double>, axisCount: Int, count: Int) {
        self.mean = mean
        self.axes = axes
        self.axisCount = axisCount
        self.count = count
    }

    /// Puts V / S into the place of a symmetric matrix `[size, size]`, as `[size, axisCount]`.
    ///
    /// Axes along which rows differ by less than 1e-5 of what they do along the first are left out: they are rounding.
    ///
    /// - Returns: the number of axes.
    package static func makeAxes(_ matrix: UnsafeMutablePointer<Double>, size: Int, pool: WorkerPool) -> Int {
        let values = SymmetricEigen.decompose(matrix, size: size, pool: pool)
        let largest = values.max() ?? 0
        let kept = values.indices.filter { values[$0] > largest * 1e-10 && values[$0] > 0 }
        let factors = kept.map { 1 / values[$0].squareRoot() }
        for i in 0..<size {
            for j in 0..<i {
                (matrix[i * size + j], matrix[j * size + i]) = (matrix[j * size + i], matrix[i * size + j])
            }
        }
        // Each number goes forward, to where none is that will be read.
        for i in 0..<size {
            for (place, axis) in kept.enumerated() {
                matrix[i * kept.count + place] = matrix[i * size + axis] * factors[place]
            }
        }
        return kept.count
    }

    /// What one thread needs for some rows at a time.
    package final class Scratch {
        fileprivate let differences: UnsafeMutablePointer<Double>
        fileprivate let lengths: UnsafeMutablePointer<Double>

        fileprivate init(rows: Int, size: Int, axisCount: Int) {
            differences = .allocate(capacity: max(rows * size, 1))
            lengths = .allocate(capacity: max(rows * axisCount, 1))
        }

        deinit {
            differences.deallocate()
            lengths.deallocate()
        }
    }

    /// - Parameter rows: the most at a time.
    package func makeScratch(rows: Int) -> Scratch { Scratch(rows: rows, size: size, axisCount: axisCount) }

    /// The inputs whose part of the axes stays in cache while all rows are multiplied by it; a multiple of four.
    private static let panel = 16

    /// The squared lengths of rows `[rowCount, size]` along the axes, each in units of its singular value.
    package func squaredDistances(
        _ rows: UnsafePointer<Float>, rowCount: Int, _ scratch: Scratch, into distances: UnsafeMutablePointer<Double>
    ) {
        let (differences, lengths) = (scratch.differences, scratch.lengths)
        for row in 0..<rowCount {
            for i in 0..<size { differences[row * size + i] = Double(rows[row * size + i]) - mean[i] }
        }
        lengths.update(repeating: 0, count: rowCount * axisCount)
        for first in stride(from: 0, to: size, by: Self.panel) {
            for row in 0..<rowCount {
                kernel_add_products_double(
                    lengths + row * axisCount, differences + row * size + first, axes.pointer + first * axisCount, axisCount,
                    min(Self.panel, size - first), axisCount)
            }
        }
        for row in 0..<rowCount {
            var sum = 0.0
            for i in row * axisCount..<(row + 1) * axisCount { sum += lengths[i] * lengths[i] }
            distances[row] = sum
        }
    }
}
