internal import CKernels
internal import Foundation

/// A window of a shard in memory, filled by ``WindowReaders``.
final class RowWindow {
    let store: RowStore
    /// Which of the shard's windows it is, and the blocks of it that are still to be read; guarded by the readers' lock.
    fileprivate var number = -1
    fileprivate var missing = 0

    init(_ store: RowStore) { self.store = store }
}

/// Threads that read blocks of rows into windows, in the order in which they are asked for.
final class WindowReaders {
    /// What the threads share; it outlives the readers until the last thread has ended.
    private final class Shared: @unchecked Sendable {
        let condition = NSCondition()
        var tasks: [Task] = []
        /// Tasks before this one have been taken.
        var next = 0
        var failure: (any Error)?
        var isStopped = false
        let rows: RowSet

        init(_ rows: RowSet) { self.rows = rows }

        /// Takes tasks until there will be none.
        func work(_ loader: RowLoader) {
            condition.lock()
            while true {
                while next == tasks.count, !isStopped { condition.wait() }
                if isStopped { break }
                let task = tasks[next]
                next += 1
                if next == tasks.count {
                    tasks.removeAll(keepingCapacity: true)
                    next = 0
                }
                condition.unlock()
                let result = Result { try loader.load(rows.rows(task.rows), into: task.window.store, at: task.position) }
                condition.lock()
                if case .failure(let error) = result, failure == nil { failure = error }
                task.window.missing -= 1
                if task.window.missing == 0 || failure != nil { condition.broadcast() }
            }
            condition.unlock()
        }
    }

    /// A block to read to a position of a window.
    private struct Task {
        let window: RowWindow
        let rows: Range<Int>
        let position: Int
    }

    private let shared: Shared
    /// The memory that reading itself takes, in bytes.
    let memoryBytes: Int

    /// - Parameters:
    ///   - rows: the rows that blocks count.
    ///   - stretch: as of ``RowLoader``.
    /// - Throws: ``Failure``.
    init(_ source: DataSource, _ preparation: Preparation, _ rows: RowSet, threads: Int, stretch: Int = 0) throws {
        let shared = Shared(rows)
        self.shared = shared
        let loaders = try (0..<threads).map { _ in try RowLoader(source, preparation, stretch: stretch) }
        memoryBytes = loaders.reduce(0) { $0 + $1.memoryBytes }
        for loader in loaders {
            nonisolated(unsafe) let loader = loader
            let thread = Thread {
                kernel_set_arithmetic()
                shared.work(loader)
            }
            thread.name = "reader"
            thread.start()
        }
    }

    /// Ends the threads once they have read what they are reading.
    func stop() {
        shared.condition.lock()
        shared.isStopped = true
        shared.condition.broadcast()
        shared.condition.unlock()
    }

    /// Has a window filled with blocks; first waits until it has been filled with what it was asked to hold before.
    func fill(_ window: RowWindow, number: Int, blocks: some Sequence<Range<Int>>) {
        shared.condition.lock()
        defer { shared.condition.unlock() }
        while window.missing > 0, shared.failure == nil { shared.condition.wait() }
        if shared.failure != nil { return }
        window.number = number
        window.store.removeAll()
        var position = 0
        for rows in blocks {
            shared.tasks.append(Task(window: window, rows: rows, position: position))
            window.missing += 1
            position += rows.count
        }
        window.store.count = position
        shared.condition.broadcast()
    }

    /// Whether a window holds what it was asked to hold as number `number`.
    func isFull(_ window: RowWindow, number: Int) -> Bool {
        shared.condition.lock()
        defer { shared.condition.unlock() }
        return window.number == number && window.missing == 0 && shared.failure == nil
    }

    /// Waits until a window is full. Throws ``Failure`` where reading failed.
    func wait(_ window: RowWindow, number: Int) throws {
        shared.condition.lock()
        defer { shared.condition.unlock() }
        while window.missing > 0 || window.number != number, shared.failure == nil { shared.condition.wait() }
        if let failure = shared.failure { throw failure }
    }

    /// Reads rows into a store, by several threads, and waits for all. Throws ``Failure``.
    static func load(
        _ rows: RowSet, _ range: Range<Int>, into store: RowStore, source: DataSource, preparation: Preparation, threads: Int
    ) throws {
        let readers = try WindowReaders(source, preparation, rows, threads: threads)
        defer { readers.stop() }
        let window = RowWindow(store)
        // Pieces of a few megabytes: many enough to be dealt out, large enough for chunks not to be decoded twice.
        let step = max(1, (16 << 20) / source.format.rowBytes)
        let blocks = stride(from: range.lowerBound, to: range.upperBound, by: step).map {
            $0..<min($0 + step, range.upperBound)
        }
        readers.fill(window, number: 0, blocks: blocks)
        try readers.wait(window, number: 0)
    }
}
