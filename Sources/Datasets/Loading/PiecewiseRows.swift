internal import CKernels
internal import Foundation

/// Rows in pieces, one after the other, each read while the one before is worked on.
package final class PiecewiseRows {
    /// The pieces' rows.
    private let rows: (_ piece: Int) -> [Int64]
    private let count: Int
    private let loader: RowLoader
    private let stores: [RowStore]
    private var taken = 0
    private let queue = DispatchQueue(label: "row-pieces")
    private let isRead = DispatchSemaphore(value: 0)
    private var failure: (any Error)?

    /// - Parameters:
    ///   - count: of pieces.
    ///   - capacity: rows of the largest piece.
    ///   - rows: the rows of a piece, in ascending order.
    package init(
        _ source: DataSource, _ preparation: Preparation, count: Int, capacity: Int, rows: @escaping (_ piece: Int) -> [Int64]
    ) throws {
        self.rows = rows
        self.count = count
        loader = try RowLoader(source, preparation)
        stores = (0..<min(2, count)).map { _ in RowStore(format: source.format, capacity: capacity) }
        read(0)
    }

    /// The next piece, which stays as it is until the next call. Throws ``Failure``.
    package func next() throws -> RowStore {
        isRead.wait()
        if let failure { throw failure }
        let store = stores[taken % 2]
        taken += 1
        read(taken)
        return store
    }

    private func read(_ piece: Int) {
        guard piece < count else { return }
        let rows = rows(piece)
        let store = stores[piece % 2]
        nonisolated(unsafe) let pieces = self
        queue.async {
            kernel_set_arithmetic()
            do {
                store.removeAll()
                try pieces.loader.load(rows, into: store, at: 0)
                store.count = rows.count
            } catch {
                pieces.failure = error
            }
            pieces.isRead.signal()
        }
    }
}
