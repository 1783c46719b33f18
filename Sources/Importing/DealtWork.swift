internal import Distributed
internal import Synchronization

extension WorkerPool {
    /// Calls `body` with the numbers up to `count` on all workers, each number once, the next one to whoever is free.
    ///
    /// - Parameters:
    ///   - first: what the calling thread does before it takes part.
    ///   - progress: called by the calling thread now and then, with about how many are done.
    /// - Throws: the error of `first`, or that of the lowest number, whichever worker met one earlier.
    func deal(
        _ count: Int, first: () throws -> Void = {}, progress: (Int) -> Void, _ body: (Int) throws -> Void
    ) throws {
        let next = Atomic(0)
        let failure = Mutex<(number: Int, error: any Error)?>(nil)
        run { worker in
            var number = -1
            do {
                if worker == 0 { try first() }
                while true {
                    number = next.add(1, ordering: .relaxed).oldValue
                    if number >= count { break }
                    try body(number)
                    if worker == 0 { progress(number + 1) }
                }
            } catch {
                // No more are dealt out; all lower numbers are in somebody's hands already.
                next.store(count, ordering: .relaxed)
                failure.withLock { known in
                    if known == nil || number < known!.number { known = (number, error) }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }
}
