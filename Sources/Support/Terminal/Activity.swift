internal import Synchronization

/// What this process is doing and how far it has come, told by those who work and shown by ``ProgressLine``.
///
/// A process does one thing at a time, so there is one activity. Telling costs a lock that next to nobody else takes, and no memory.
public enum Activity {
    /// A part of the work, as it is shown.
    public struct State: Sendable {
        /// In some words, for example "epoch 3/10"; empty while nothing is done that takes long.
        public var title = ""
        /// What stands before the title.
        public var context = ""
        /// What is counted, in the plural.
        public var unit = ""
        public var done = 0
        /// How many there will be; 0 where that is not known.
        public var total = 0
        /// How many were done when it began, by an earlier run.
        public var first = 0
        /// A figure that changes with the work, for example the loss so far, in nats per row.
        public var loss: Double?
        /// How many parts like this one are still to come.
        public var following = 0
        /// How many parts have begun, to tell them apart.
        public var number = 0

        public init() {}
    }

    private static let state = Mutex(State())

    /// As it is now.
    public static var now: State { state.withLock { $0 } }

    /// A part of the work begins.
    ///
    /// - Parameters:
    ///   - title: what is done, in some words.
    ///   - total: how many `unit` there will be; 0 where that is not known.
    ///   - first: how many of them are done already.
    ///   - following: how many parts like this one are still to come.
    public static func begin(_ title: String, of total: Int = 0, _ unit: String = "", from first: Int = 0, following: Int = 0) {
        state.withLock { state in
            (state.title, state.total, state.unit, state.first, state.following) = (title, total, unit, first, following)
            (state.done, state.loss, state.number) = (first, nil, state.number + 1)
        }
    }

    /// What is done now, under the same title, can be counted.
    public static func count(_ total: Int, _ unit: String) { begin(now.title, of: total, unit) }

    /// What all titles begin with, for example "run 3/12, ".
    public static var context: String {
        get { now.context }
        set { state.withLock { $0.context = newValue } }
    }

    /// So many are done.
    public static func advance(to done: Int, loss: Double? = nil) {
        state.withLock { state in
            state.done = done
            state.loss = loss
        }
    }

    /// So many more are done. Any thread may call this.
    public static func advance(by count: Int) { state.withLock { $0.done += count } }

    /// Nothing is done that takes long.
    public static func end() { begin("") }
}
