internal import CKernels
internal import Distributed
internal import Foundation
internal import VAE

/// Sums of the products of columns over rows; each rank holds the rows of the matrix whose number it leaves by the number of ranks, and
/// sees all rows of the data in their order, so that the sums are the same bits on any number of ranks.
final class Scatter {
    private let world: World
    private let pool: WorkerPool
    private let size: Int
    /// Rows `rank`, `rank + ranks` ... of the upper triangle, `[own, size]`.
    private let products: UnsafeMutablePointer<Double>
    private let own: [Int]
    private var sums: [Double]
    private var count = 0

    init(size: Int, world: World, pool: WorkerPool) {
        self.size = size
        self.world = world
        self.pool = pool
        own = Array(stride(from: world.rank, to: size, by: world.size))
        sums = [Double](repeating: 0, count: size)
        products = .allocate(capacity: max(own.count * size, 1))
        products.initialize(repeating: 0, count: max(own.count * size, 1))
    }

    deinit { products.deallocate() }

    /// Adds rows `[rowCount, size]`; all but the last call must have a multiple of four.
    func add(_ values: UnsafePointer<Float>, rowCount: Int) {
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

    /// The whitening by all rows that were added. Collective.
    func whitening() throws -> Whitening {
        let parts = try world.communicator.allGather(
            Array(UnsafeBufferPointer(start: products, count: own.count * size)))
        let mean = sums.map { $0 / Double(max(count, 1)) }
        var axes: [Double] = []
        try world.onRoot {
            var matrix = [Double](repeating: 0, count: size * size)
            for row in 0..<size {
                let part = parts[row % world.size]
                for column in row..<size {
                    let value = part[row / world.size * size + column] - Double(count) * mean[row] * mean[column]
                    matrix[row * size + column] = value
                    matrix[column * size + row] = value
                }
            }
            axes = Whitening.axes(of: SymmetricEigen(matrix, size: size), size: size)
        }
        return Whitening(mean: mean, axes: try world.fromRoot(axes), size: size, count: count)
    }
}

/// Distances by the principal axes of some rows: with D those rows less their mean and D = U S V' its singular values, the squared
/// length of (x - mean) V / S.
struct Whitening {
    private let mean: [Double]
    /// V / S transposed back, `[size, axisCount]`.
    private let axes: [Double]
    private let size: Int
    private let axisCount: Int
    /// The rows it was made of.
    let count: Int

    init(mean: [Double], axes: [Double], size: Int, count: Int) {
        self.mean = mean
        self.axes = axes
        self.size = size
        self.count = count
        axisCount = axes.count / size
    }

    /// Axes along which rows differ by less than 1e-5 of what they do along the first are left out: they are rounding.
    static func axes(of eigen: SymmetricEigen, size: Int) -> [Double] {
        let largest = eigen.values.max() ?? 0
        let kept = eigen.values.indices.filter { eigen.values[$0] > largest * 1e-10 && eigen.values[$0] > 0 }
        var axes = [Double](repeating: 0, count: size * kept.count)
        for (place, axis) in kept.enumerated() {
            let factor = 1 / eigen.values[axis].squareRoot()
            for i in 0..<size { axes[i * kept.count + place] = eigen.vectors[axis * size + i] * factor }
        }
        return axes
    }

    /// What one thread needs for some rows at a time.
    final class Scratch {
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
    func makeScratch(rows: Int) -> Scratch { Scratch(rows: rows, size: size, axisCount: axisCount) }

    /// The inputs whose part of the axes stays in cache while all rows are multiplied by it; a multiple of four.
    private static let panel = 16

    /// The squared lengths of rows `[rowCount, size]` along the axes, each in units of its singular value.
    func squaredDistances(
        _ rows: UnsafePointer<Float>, rowCount: Int, _ scratch: Scratch, into distances: UnsafeMutablePointer<Double>
    ) {
        let (differences, lengths) = (scratch.differences, scratch.lengths)
        for row in 0..<rowCount {
            for i in 0..<size { differences[row * size + i] = Double(rows[row * size + i]) - mean[i] }
        }
        lengths.update(repeating: 0, count: rowCount * axisCount)
        axes.withUnsafeBufferPointer { axes in
            guard let axes = axes.baseAddress else { return }
            for first in stride(from: 0, to: size, by: Self.panel) {
                for row in 0..<rowCount {
                    kernel_add_products_double(
                        lengths + row * axisCount, differences + row * size + first, axes + first * axisCount, axisCount,
                        min(Self.panel, size - first), axisCount)
                }
            }
        }
        for row in 0..<rowCount {
            var sum = 0.0
            for i in row * axisCount..<(row + 1) * axisCount { sum += lengths[i] * lengths[i] }
            distances[row] = sum
        }
    }
}
