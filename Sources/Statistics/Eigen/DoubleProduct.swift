internal import CKernels
internal import Distributed
internal import Support

/// Matrix products in double precision by all threads of a pool; each element is summed by one thread, in one order
/// (`ckernels_symmetric.h`).
struct DoubleProduct {
    private let pool: WorkerPool
    private let scratch: AlignedMemory<Double>

    /// Rows and columns that are one thread's at a time.
    static let tileRows = 192
    static let tileColumns = 384

    init(pool: WorkerPool) {
        self.pool = pool
        scratch = AlignedMemory<Double>(count: pool.count * kernel_double_scratch, usesLargePages: true)
    }

    /// c = a b', or c -= a b'; see `kernel_multiply_double`. All of it by one worker.
    func multiply(
        _ worker: Int, _ a: kernel_factor, _ b: kernel_factor, into c: UnsafeMutablePointer<Double>, stride: Int, rows: Int,
        columns: Int, terms: Int, subtracts: Bool = false
    ) {
        withUnsafePointer(to: a) { a in
            withUnsafePointer(to: b) { b in
                kernel_multiply_double(
                    subtracts ? 1 : 0, rows, columns, terms, a, b, c, stride,
                    scratch.pointer + worker * kernel_double_scratch)
            }
        }
    }

    /// The same tile by tile, of which each worker does its own. All workers of a run call it.
    ///
    /// - Parameter first: the worker of the first tile, so that small products that follow each other are not all one worker's.
    func multiplyTiles(
        _ worker: Int, _ a: kernel_factor, _ b: kernel_factor, into c: UnsafeMutablePointer<Double>, stride: Int, rows: Int,
        columns: Int, terms: Int, subtracts: Bool = false, first: Int = 0
    ) {
        var tile = first
        for row in Swift.stride(from: 0, to: rows, by: Self.tileRows) {
            for column in Swift.stride(from: 0, to: columns, by: Self.tileColumns) {
                defer { tile += 1 }
                guard tile % pool.count == worker else { continue }
                Heartbeat.beat()
                var (a, b) = (a, b)
                a.values += row * a.outer
                b.values += column * b.outer
                multiply(
                    worker, a, b, into: c + row * stride + column, stride: stride, rows: min(Self.tileRows, rows - row),
                    columns: min(Self.tileColumns, columns - column), terms: terms, subtracts: subtracts)
            }
        }
    }
}
