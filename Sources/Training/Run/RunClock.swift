internal import Distributed
internal import Foundation
internal import Support

/// What root alone decides while a run goes on, by its own clock and the run's folder: when to save, and when to stop. All ranks
/// learn of it in the exchange of the next step, so that no two of them ever differ. The clock is monotonic.
final class RunClock {
    private let settings: Configuration.Run
    private let stopFile: String
    /// Seconds from the start, at which the run must have ended; infinite for never.
    private let end: Double
    private let start: Double
    /// When this run began: in a sweep others came before it.
    private let begin = Stopwatch.now
    private var lastLook = 0.0
    private var lastStep: Double?
    private var lastSave: Double?
    /// The longest time between two steps so far, with all that came between, as validation.
    private var longestStep = 0.0
    private let guessedSave: Double

    /// - Parameter checkpointBytes: from which the time of a save is guessed until one was measured.
    init(_ settings: Configuration.Run, folder: RunFolder, checkpointBytes: Int) {
        self.settings = settings
        stopFile = folder.stop
        // A limit is one of the program, so reading the data counts, and starting MPI.
        start = Stopwatch.now - Self.secondsSinceProgramStart()
        end = Self.limit(settings, ProcessInfo.processInfo.environment)
        guessedSave = 0.5 + Double(checkpointBytes) / 50e6
    }

    /// The seconds that the run has; infinite without a limit.
    private static func limit(_ settings: Configuration.Run, _ environment: [String: String]) -> Double {
        if let limit = settings.timeLimit { return limit == 0 ? .infinity : Double(limit) }
        guard let end = environment["SLURM_JOB_END_TIME"].flatMap({ Double($0) }) else { return .infinity }
        // Slurm ends the launcher too, which takes it a moment.
        return max(0, end - Date().timeIntervalSince1970 - 5 + secondsSinceProgramStart())
    }

    /// By the kernel's account; 0 if it gives none.
    private static func secondsSinceProgramStart() -> Double {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let uptime = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8).split(separator: " ").first,
            let ticks = stat.split(separator: ")").last?.split(separator: " ")[19], let ticks = Double(ticks),
            let uptime = Double(uptime)
        else { return 0 }
        return max(0, uptime - ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Since the run began.
    var seconds: Double { Stopwatch.now - begin }

    /// The flags to raise in the next step.
    ///
    /// - Parameters:
    ///   - completesEpoch: whether it is the last of its epoch.
    ///   - saveSeconds: the time of the slowest save so far; 0 before the first.
    func flags(completesEpoch: Bool, saveSeconds: Double) -> StepFlags {
        let now = Stopwatch.now
        if let lastStep { longestStep = max(longestStep, now - lastStep) }
        lastStep = now
        var flags: StepFlags = []
        if now - start + margin(saveSeconds) >= end { flags.insert(.stop) }
        if now - lastLook >= 1 {
            lastLook = now
            if isAskedToStop { flags.insert(.stop) }
        }
        let sinceSave = now - (lastSave ?? begin)
        if settings.checkpointEveryMinutes > 0, sinceSave >= settings.checkpointEveryMinutes * 60 { flags.insert(.save) }
        // Less than 1% of the time; the first one in any case.
        if settings.checkpointEveryEpochs == 0, completesEpoch, lastSave == nil || sinceSave >= 100 * saveSeconds {
            flags.insert(.save)
        }
        return flags
    }

    /// The seconds before the limit at which to stop: for one more step, and to save, each twice what it took so far.
    private func margin(_ saveSeconds: Double) -> Double {
        1 + 2 * longestStep + 2 * (saveSeconds > 0 ? saveSeconds : guessedSave)
    }

    /// The state is being saved.
    func noteSave() { lastSave = Stopwatch.now }

    /// Only by a file: a folder of that name cannot be removed, and would end every start.
    private var isAskedToStop: Bool {
        var status = stat()
        return lstat(stopFile, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The run has stopped, so the file that may have asked for it has been obeyed.
    ///
    /// - Returns: why it could not be removed; nil if there is none any more.
    func removeStopFile() -> String? {
        guard isAskedToStop, unlink(stopFile) != 0 else { return nil }
        return
            "\(stopFile) cannot be removed (\(String(cString: strerror(errno)).lowercased())), and will stop the next start too"
    }
}
