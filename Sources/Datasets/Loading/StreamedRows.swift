package import Distributed
internal import Support

/// Training rows that are read from their file while others are worked on: of every shard the window that is in use and the next.
package final class StreamedRows: TrainingRows {
    package let plan: ShardPlan
    package let shards: Range<Int>
    package let format: RowFormat
    package private(set) var waitSeconds = 0.0
    package let mixing: Mixing
    private let seed: UInt64
    private let rows: RowSet
    private let source: DataSource
    private let preparation: Preparation
    private let readers: WindowReaders
    private let windowBytes: Int
    private var states: [ShardState] = []
    private var epoch: Int?

    /// Of one shard: its order in the epoch and in the next, and its two windows in memory.
    private struct ShardState {
        var order: ShardOrder
        var next: ShardOrder
        let windows: [RowWindow]
        /// Windows are counted on over the epochs: the first one of this epoch, and the one after the last that was asked for.
        var firstWindow = 0
        var asked = 0
    }

    /// What is counted of packed rows before they are read is the most that they take.
    package var byteCount: Int { readers.memoryBytes + windowBytes }

    /// - Parameter memory: the bytes that windows and readers may take.
    /// - Throws: ``Failure`` where that is too little.
    package init(
        plan: ShardPlan, shards: Range<Int>, mixing: Mixing, seed: UInt64, rows: RowSet, source: DataSource,
        preparation: Preparation, threads: Int, memory: Int
    ) throws {
        self.plan = plan
        self.shards = shards
        self.mixing = mixing
        self.seed = seed
        self.rows = rows
        self.source = source
        self.preparation = preparation
        format = source.format
        readers = try WindowReaders(source, preparation, rows, threads: threads, stretch: mixing.blockRows)
        windowBytes = shards.reduce(0) { sum, shard in
            let own = plan.rows(ofShard: shard)
            let share = Double(min(mixing.windowRows, own.count)) / Double(own.count)
            return sum + 2 * Int(share * Double(source.byteCount(rows, own, preparation)))
        }
        guard windowBytes + readers.memoryBytes <= memory else {
            readers.stop()
            throw Failure(
                .badData,
                "\(source.name): to read the rows of \(shards.count) shards window by window takes \(byteCount >> 10) KiB, "
                    + "but \(memory >> 10) KiB of memory are for a rank's rows: use more ranks, a larger --memory, or "
                    + "--mixing-rows below \(mixing.windowRows)")
        }
        states = shards.map { shard in
            let order = order(ofShard: shard, epoch: 0)
            let capacity = min(mixing.windowRows, plan.rows(ofShard: shard).count)
            return ShardState(
                order: order, next: order, windows: (0..<2).map { _ in RowWindow(RowStore(format: format, capacity: capacity)) })
        }
    }

    deinit { readers.stop() }

    private func order(ofShard shard: Int, epoch: Int) -> ShardOrder {
        ShardOrder(rows: plan.rows(ofShard: shard), shard: shard, mixing: mixing, epoch: epoch, seed: seed)
    }

    package func begin(epoch: Int, at index: Int) {
        let goesOn = self.epoch.map { epoch == $0 + 1 && index == 0 } ?? false
        for place in states.indices {
            let shard = shards.lowerBound + place
            if goesOn {
                // What was asked for of this epoch is there, or under way.
                states[place].firstWindow += states[place].order.windowCount
                states[place].order = states[place].next
            } else {
                states[place].order = order(ofShard: shard, epoch: epoch)
                let window = states[place].order.window(ofIndex: min(index, plan.rows(ofShard: shard).count - 1))
                states[place].firstWindow = states[place].asked
                states[place].asked += window
            }
            states[place].next = order(ofShard: shard, epoch: epoch + 1)
        }
        self.epoch = epoch
        // The shards' windows in turn, since all are needed at the same time.
        for _ in 0..<2 {
            for place in states.indices { ask(place, upTo: window(place, index) + 1) }
        }
    }

    /// The window, counted over the epochs, of an index of the epoch's order.
    private func window(_ place: Int, _ index: Int) -> Int {
        let state = states[place]
        let count = plan.rows(ofShard: shards.lowerBound + place).count
        return state.firstWindow + (index < count ? state.order.window(ofIndex: index) : state.order.windowCount)
    }

    /// Asks for one more window if there is one to be asked for up to `last`.
    private func ask(_ place: Int, upTo last: Int) {
        guard states[place].asked <= last else { return }
        let number = states[place].asked
        let inEpoch = number - states[place].firstWindow
        let count = states[place].order.windowCount
        guard inEpoch < count + states[place].next.windowCount else { return }
        let blocks =
            inEpoch < count
            ? states[place].order.blocks(ofWindow: inEpoch) : states[place].next.blocks(ofWindow: inEpoch - count)
        readers.fill(states[place].windows[number % 2], number: number, blocks: blocks)
        states[place].asked += 1
    }

    package func require(_ indices: Range<Int>) throws {
        for place in states.indices {
            let count = plan.rows(ofShard: shards.lowerBound + place).count
            let (first, last) = (min(indices.lowerBound, count), min(indices.upperBound, count) - 1)
            let window = window(place, first)
            // The window before this one is done with, so its memory is free for the one after.
            while states[place].asked <= window + 1 {
                let before = states[place].asked
                ask(place, upTo: window + 1)
                if states[place].asked == before { break }
            }
            guard first <= last else { continue }
            for number in window...self.window(place, last) {
                if readers.isFull(states[place].windows[number % 2], number: number) { continue }
                var watch = Stopwatch()
                try readers.wait(states[place].windows[number % 2], number: number)
                waitSeconds += watch.lap()
            }
        }
    }

    @inline(__always)
    package func row(_ index: Int, ofShard shard: Int) -> KeptRow {
        let place = shard - shards.lowerBound
        return states.withUnsafeBufferPointer { states in
            let window = states[place].order.window(ofIndex: index)
            let position = states[place].order.place(ofIndex: index, window: window)
            return states[place].windows[(states[place].firstWindow + window) % 2].store.row(position)
        }
    }

    package func scan(shard: Int, _ body: (KeptRow) -> Void) throws {
        let range = plan.rows(ofShard: shard)
        let step = max(1, min(mixing.windowRows, (8 << 20) / format.rowBytes))
        let loader = try RowLoader(source, preparation)
        let store = RowStore(format: format, capacity: min(step, range.count))
        for first in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            let some = rows.rows(first..<min(first + step, range.upperBound))
            store.removeAll()
            try loader.load(some, into: store, at: 0)
            for position in some.indices { body(store.row(position)) }
        }
    }
}
