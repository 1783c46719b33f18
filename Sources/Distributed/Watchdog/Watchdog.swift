internal import CMPI
internal import Foundation
internal import Support
internal import Synchronization

/// A thread beside the one that calls MPI, which waits for ever for a rank that is stopped, hangs or has lost its network.
///
/// It ends the whole job when no rank of its node has given a sign of life for as long as the timeout, naming the rank that is
/// late, and this process when its launcher is gone. It calls no MPI until it ends the job.
final class Watchdog: Sendable {
    private struct State {
        /// Those of the ranks of this node.
        var lines: [HeartbeatLine]
        /// Seconds; 0 for none.
        var timeout = 0.0
    }

    private let state: Mutex<State>
    private let rank: Int
    private let firstRank: Int
    private let size: Int
    private let groupIndex: Int
    private let isAlone: Bool
    private let host: String

    /// The heartbeats that the watchdog and this process use.
    ///
    /// - Parameters:
    ///   - lines: those of the ranks that share memory.
    ///   - firstRank: the rank of the first of them.
    init(world: World, lines: [HeartbeatLine], firstRank: Int) {
        state = Mutex(State(lines: lines))
        rank = world.rank
        size = world.size
        host = world.host
        let topology = world.topology
        self.firstRank = firstRank
        groupIndex = topology.nodeIndex
        isAlone = lines.count == world.size
        Heartbeat.write(to: lines[world.rank - firstRank])
        let thread = Thread { self.watch() }
        thread.name = "watchdog"
        thread.start()
    }

    /// The seconds without any sign of life after which the job ends; 0 for never.
    func set(timeout: Double) { state.withLock { $0.timeout = timeout } }

    /// From now on only this process is watched: the others' memory is about to go.
    func forgetOthers() {
        let line = HeartbeatLine.alone()
        Heartbeat.write(to: line)
        state.withLock { $0.lines = [line] }
    }

    private func watch() {
        // Started by a launcher, and not by a shell, which may well end before the run.
        let launcher = Launcher().isPresent ? getppid() : nil
        var beats = UInt32(0)
        var idle = 0.0
        var last = Stopwatch.now
        var ranks = (ticks: [UInt32](), silence: [Double]())
        while true {
            let timeout = state.withLock(\.timeout)
            let pause = timeout > 0 ? min(1, max(0.05, timeout / 10)) : 1
            usleep(UInt32(pause * 1e6))
            if let launcher, getppid() != launcher { endOrphan() }
            // While the job itself is stopped, as by a scheduler, no time passes for it.
            let passed = min(Stopwatch.now - last, 2 * pause)
            idle += passed
            last = Stopwatch.now
            let ticks = state.withLock { state in
                state.lines[min(rank - firstRank, state.lines.count - 1)].tick()
                return state.lines.map(\.ticks)
            }
            if ranks.ticks.count != ticks.count { ranks = (ticks, ticks.map { _ in 0 }) }
            ranks.silence = ticks.indices.map { ticks[$0] == ranks.ticks[$0] ? ranks.silence[$0] + passed : 0 }
            ranks.ticks = ticks
            let sum = state.withLock { $0.lines.reduce(0) { $0 &+ $1.beats } }
            if sum != beats || timeout == 0 {
                beats = sum
                idle = 0
            }
            // Where nobody here is late, a rank of another node may be, whose neighbours can name it: they speak first.
            if timeout > 0, idle >= timeout {
                // Those that are stopped with all their threads, or else those that the others wait for.
                let stopped = ticks.indices.filter { ranks.silence[$0] > timeout / 2 }
                let late = stopped.isEmpty ? lateRanks : stopped
                if idle >= timeout + (late.isEmpty ? patience : 0) { endJob(idle, late: late) }
            }
        }
    }

    /// Seconds that others are given to speak before this node does.
    private var patience: Double { isAlone ? 0 : 2 + 2 * Double(min(groupIndex, 4)) }

    /// The local ranks that have not come where others of the node wait for them.
    private var lateRanks: [Int] {
        let lines = state.withLock(\.lines)
        let places = lines.map(\.places)
        // They may have wrapped around.
        let ahead = places.map { Int32(bitPattern: $0 &- places[0]) }
        let (least, most) = (ahead.min()!, ahead.max()!)
        return least == most ? [] : ahead.indices.filter { ahead[$0] == least && !lines[$0].isWaiting }
    }

    private func endJob(_ seconds: Double, late: [Int]) {
        let lines = state.withLock(\.lines)
        guard lines[0].takesTheWord() else {
            // Another rank of this node does it; should it fail, this one ends nonetheless.
            sleep(8)
            _exit(ExitCode.unavailable.rawValue)
        }
        let local = late.first ?? (lines.count > 1 ? rank - firstRank : 0)
        let line = lines[local]
        let phase = line.phase.isEmpty ? "starting" : line.phase
        let place = "\(phase)\(line.step > 0 ? ", step \(line.step)" : "")"
        let who =
            switch (late.count, size) {
            case (0, 1): "it hangs in \(place)"
            case (0, _):
                "rank \(firstRank + local) of \(size) on \(host) waits in \(place) for ranks that cannot be told from here"
            case (1, _): "rank \(firstRank + local) of \(size) on \(host) is late in \(place)"
            default:
                "ranks \(late.map { String(firstRank + $0) }.joined(separator: ", ")) of \(size) on \(host) are late in \(place)"
            }
        report(
            "no progress for \(Int(seconds)) s: \(who); the job ends and what was saved is whole: "
                + "run it again, with a larger --timeout if this was just slow")
        // MPI_Abort tells the launcher to end all ranks, but may itself hang with the network.
        Thread {
            sleep(5)
            _exit(ExitCode.unavailable.rawValue)
        }.start()
        MPI_Abort(cmpi_comm_world().handle, ExitCode.unavailable.rawValue)
        _exit(ExitCode.unavailable.rawValue)
    }

    private func endOrphan() -> Never {
        report("rank \(rank) of \(size) on \(host): the launcher that started it is gone, so it ends; what was saved is whole")
        _exit(ExitCode.unavailable.rawValue)
    }
}

extension World {
    /// Ends the job when no rank has given a sign of life (``Heartbeat``) for so many seconds; 0 for never.
    ///
    /// Ranks of one node see each other's; of other nodes a rank sees only that it waits for them.
    public func endAfterSilence(of seconds: Double) { watchdog.set(timeout: seconds) }
}
