internal import CKernels
internal import Foundation

/// What the workers of a pool do side by side. Whoever keeps it runs it without an allocation, which a closure costs.
public protocol PoolWork: AnyObject {
    /// The part of one worker.
    func work(_ worker: Int)
}

/// The threads of one rank: they run the same work side by side, each with its own worker number.
///
/// No order of operations depends on how work is dealt out, so results do not depend on their number.
/// MPI is called by worker 0 only, which is the calling thread.
public final class WorkerPool {
    /// What the threads share with the pool, which they outlive by a moment.
    private final class Shared: @unchecked Sendable {
        let start: NodeBarrier
        let end: NodeBarrier
        /// Where workers meet while they run.
        let middle: NodeBarrier
        /// What the workers run next, nil to end; written before `start`, read after it.
        var work: (any PoolWork)?

        init(count: Int) {
            // Never freed: a thread may still be leaving a barrier when the pool is gone.
            let words = UnsafeMutableRawPointer.allocate(byteCount: 3 * NodeBarrier.byteCount, alignment: 64)
            words.initializeMemory(as: UInt8.self, repeating: 0, count: 3 * NodeBarrier.byteCount)
            start = NodeBarrier(at: words, size: count)
            end = NodeBarrier(at: words + NodeBarrier.byteCount, size: count)
            middle = NodeBarrier(at: words + 2 * NodeBarrier.byteCount, size: count)
        }

        /// False when there is no more to do. Not inlined, so that the work is released before the worker says it is done.
        @inline(never)
        func takePart(_ worker: Int) -> Bool {
            guard let work else { return false }
            work.work(worker)
            return true
        }
    }

    private final class ClosureWork: PoolWork {
        private let body: (Int) -> Void

        init(_ body: @escaping (Int) -> Void) { self.body = body }

        func work(_ worker: Int) { body(worker) }
    }

    /// The number of workers, the calling thread among them.
    public let count: Int
    private let shared: Shared

    /// - Precondition: `count >= 1`.
    public init(count: Int) {
        precondition(count >= 1)
        self.count = count
        let shared = Shared(count: count)
        self.shared = shared
        for worker in 1..<count {
            let thread = Thread {
                kernel_set_arithmetic()
                shared.start.wait()
                while shared.takePart(worker) {
                    shared.end.wait()
                    shared.start.wait()
                }
            }
            thread.stackSize = 16 << 20
            thread.start()
        }
    }

    deinit {
        if count > 1 { shared.start.wait() }
    }

    /// Has every worker do its part, and returns when all are done.
    public func run(_ work: any PoolWork) {
        guard count > 1 else { return work.work(0) }
        shared.work = work
        shared.start.wait()
        work.work(0)
        shared.end.wait()
        shared.work = nil
    }

    /// Runs `body(worker)` on every worker and returns when all are done.
    public func run(_ body: (_ worker: Int) -> Void) {
        guard count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { run(ClosureWork($0)) }
    }

    /// Waits, within a run, until all workers are here.
    public func meet() { shared.middle.wait() }
}
