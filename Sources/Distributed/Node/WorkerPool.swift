internal import CKernels
internal import Foundation

/// The threads of one rank: they run the same closure side by side, each with its own worker number.
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
        var body: ((Int) -> Void)?

        init(count: Int) {
            // Never freed: a thread may still be leaving a barrier when the pool is gone.
            let words = UnsafeMutableRawPointer.allocate(byteCount: 3 * NodeBarrier.byteCount, alignment: 64)
            words.initializeMemory(as: UInt8.self, repeating: 0, count: 3 * NodeBarrier.byteCount)
            start = NodeBarrier(at: words, size: count)
            end = NodeBarrier(at: words + NodeBarrier.byteCount, size: count)
            middle = NodeBarrier(at: words + 2 * NodeBarrier.byteCount, size: count)
        }

        /// False when there is no more to do. Not inlined, so that the closure is released before the worker says it is done.
        @inline(never)
        func work(_ worker: Int) -> Bool {
            guard let body else { return false }
            body(worker)
            return true
        }
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
                while shared.work(worker) {
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

    /// Runs `body(worker)` on every worker and returns when all are done.
    public func run(_ body: (_ worker: Int) -> Void) {
        guard count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { body in
            shared.body = body
            shared.start.wait()
            body(0)
            shared.end.wait()
            shared.body = nil
        }
    }

    /// Waits, within a run, until all workers are here.
    public func meet() { shared.middle.wait() }
}
