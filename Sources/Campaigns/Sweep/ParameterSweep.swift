internal import CKernels
internal import Datasets
public import Distributed
internal import Foundation
internal import HDF5
public import Logging
public import Support
public import Training

/// Trains every run of a grid, one after the other on all ranks, each in a folder of its own as `train` writes it.
///
/// All that is known of a sweep lies in these folders: what is done is skipped, what was begun goes on, what is new begins.
public final class ParameterSweep {
    private let world: World
    private let log: Logger
    private let training: SingleRun
    /// On root alone.
    private let grid: SweepGrid?
    private let configurations: [Configuration]
    /// On root alone, by run.
    private var results: [SweepResult] = []
    /// What is taken back where the sweep fails before there is anything in it.
    private var made: MadeFolders?

    /// One run from its beginning, or from where it was stopped, to its end. Collective.
    public typealias SingleRun = (Configuration, World, Logger) throws -> ExitCode

    /// Collective. Throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - training: how each run is trained.
    ///   - makeGrid: called on root alone, so that a configuration file that changes under way does no harm.
    public init(world: World, log: Logger, training: @escaping SingleRun, _ makeGrid: () throws -> SweepGrid) throws {
        var grid: SweepGrid?
        let separator: Character = "\0"
        let texts = try world.broadcastFromRoot {
            let made = try makeGrid()
            grid = made
            return made.points.map { $0.configuration.resolvedTOML() }.joined(separator: String(separator))
        }
        self.world = world
        self.log = log
        self.training = training
        self.grid = grid
        configurations = try world.together {
            try texts.split(separator: separator).map { try Configuration(toml: String($0), name: "configuration") }
        }
    }

    /// Trains what is not done yet, and writes the table after every run. Collective.
    ///
    /// - Parameter task: the number of the only run to train, on root; nil for all.
    /// - Returns: 0 when all is done, 75 when it was asked to stop and saved.
    /// - Throws: ``SharedFailure``: with the code of the first run that failed, when the others are done; at once for what concerns
    ///   them all, and where a folder holds a run of another configuration.
    public func train(task: Int?) throws -> ExitCode {
        do {
            return try trainAll(task: task)
        } catch {
            made?.removeEmpty()
            throw error
        }
    }

    private func trainAll(task: Int?) throws -> ExitCode {
        StopSignal.install()
        let task = Int(try world.communicator.broadcast(Int64(task ?? -1)))
        let numbers = task < 0 ? Array(configurations.indices) : [task]
        Heartbeat.begin("looking at runs")
        try world.onRoot { try prepare() }
        try check(numbers)
        for number in numbers {
            let isDone: Int64 = world.isRoot && results[number].status == .done ? 1 : 0
            if try world.communicator.broadcast(isDone) == 1 {
                if world.isRoot {
                    log.notice("run \(number + 1) of \(results.count) is done: \(configurations[number].run.output)")
                }
                continue
            }
            let isToStop = try world.communicator.allReduce(StopSignal.wasGiven ? 1 : 0, .maximum) == 1
            if try isToStop || run(number) == .temporary {
                try world.onRoot {
                    try writeTables()
                    log.notice("\(doneCount) of \(results.count) runs are done: the same command goes on")
                }
                return .temporary
            }
            try world.onRoot { try writeTables() }
        }
        try world.onRoot {
            ProgressLine.result(try writeTables())
            try tell(failuresAmong: numbers)
        }
        return .done
    }

    /// Looks at all folders and writes the tables; trains nothing.
    ///
    /// - Returns: the table as text, on root. Collective.
    public func table() throws -> String? {
        var text: String?
        try world.onRoot {
            let folder = SweepFolder(of: grid!)
            guard FilePath.exists(folder.path) else {
                throw Failure(.inputMissing, "\(folder.path) is not there: give the --output of the sweep")
            }
            try folder.refuseForeign()
            results = grid!.points.map { SweepResult($0.configuration) }
            text = try writeTables()
        }
        return text
    }

    /// Makes the folder, and looks at the runs in it.
    private func prepare() throws {
        let folder = SweepFolder(of: grid!)
        try folder.refuseForeign()
        for point in grid!.points where point.configuration.run.resume != "auto" {
            throw Failure(
                .configuration, "resume is '\(point.configuration.run.resume)', but a sweep goes on by itself: leave it out")
        }
        made = MadeFolders(missingOf: folder.path)
        do {
            try AtomicFile.createFolder(folder.path)
        } catch {
            throw Failure(error)
        }
        if configurations[0].data.data == "\(folder.shapes):/data" { _ = try GeneratedShapes.provide(folder.shapes, log: log) }
        results = configurations.map {
            Heartbeat.beat()
            return SweepResult($0)
        }
    }

    /// Refuses to go on with runs of another configuration or of other data, before anything is done. Collective.
    private func check(_ numbers: [Int]) throws {
        // By all that says what the data of a run are.
        var found: [String: (identity: DataIdentity, shape: [Int])] = [:]
        for number in numbers {
            let configuration = configurations[number]
            func check(_ body: (RunIdentity) throws -> Void) throws {
                try world.onRoot {
                    guard let saved = results[number].saved else { return }
                    do {
                        try body(saved)
                    } catch let failure as Failure {
                        throw Failure(failure.code, "\(configuration.run.output): \(failure.message)")
                    }
                }
            }
            try check {
                try $0.check(configuration)
                try $0.checkStart(configuration, of: RunFolder(path: configuration.run.output))
            }
            // What is not done is compared by the run itself.
            let isDone: Int64 = world.isRoot && results[number].status == .done ? 1 : 0
            guard try world.communicator.broadcast(isDone) == 1 else { continue }
            let labels = "\(configuration.objective.objective) \(configuration.objective.unlabeled)"
            let source = "\(configuration.data) \(configuration.preparation) \(configuration.training.seed) \(labels)"
            if found[source] == nil {
                try world.onRoot { try FileProbe.survives(configuration.data.data, configuration.data.options) }
                let data = try RunData(configuration, world: world)
                let classes = try world.together { try data.classes(configuration, known: []) }
                found[source] = (
                    try DataIdentity(data.source, validation: data.validationSource, classes: classes, world: world),
                    data.source.rowShape
                )
            }
            try check { try $0.check(configuration, found[source]!.identity, inputShape: found[source]!.shape) }
        }
    }

    /// Trains one run. What is wrong with its values or its loss is noted in its folder, and the next one may begin. Collective.
    ///
    /// - Returns: how it ended.
    /// - Throws: ``SharedFailure`` for what concerns all runs.
    private func run(_ number: Int) throws -> ExitCode {
        let configuration = configurations[number]
        let folder = RunFolder(path: configuration.run.output)
        try world.onRoot {
            log.notice("run \(number + 1) of \(results.count) (--task \(number)): \(folder.path)")
            Activity.context = "run \(number + 1)/\(results.count), "
        }
        var end = ExitCode.done
        do {
            end = try world.freeingSharedMemory { try training(configuration, world, log) }
        } catch let failure as SharedFailure where Self.concernsOneRun(failure) {
            // The rank that knows why need not be root.
            let told = try world.communicator.allGather(Array((failure.message ?? "").utf8)).first { !$0.isEmpty } ?? []
            let reason = String(decoding: told, as: UTF8.self).printable(limit: 2000)
            end = ExitCode(rawValue: failure.exitStatus)!
            try world.onRoot {
                // A start that failed has taken back the folder.
                do throws(FileError) { try AtomicFile.createFolder(folder.path) } catch { throw Failure(error) }
                try folder.write(Array("\(reason)\n".utf8), to: folder.failure)
                log.warning("\(folder.path) failed: \(reason)")
            }
        }
        Heartbeat.begin("between runs")
        // Else what was freed in pieces is kept, and each run would leave the program a little larger.
        kernel_return_freed_memory()
        if world.isRoot { lookAgain() }
        return end
    }

    /// A loss that is not finite, or values that do not fit the data or each other.
    private static func concernsOneRun(_ failure: SharedFailure) -> Bool {
        [.badData, .configuration].contains(ExitCode(rawValue: failure.exitStatus))
    }

    private var doneCount: Int { results.count { $0.status == .done } }

    /// At all that is not done: in an array of jobs others may have ended meanwhile.
    private func lookAgain() {
        for number in results.indices where results[number].status != .done {
            Heartbeat.beat()
            results[number] = SweepResult(configurations[number])
        }
    }

    /// - Returns: the table as text.
    @discardableResult
    private func writeTables() throws -> String {
        let (folder, table) = (SweepFolder(of: grid!), SweepTable(grid!, results))
        try folder.write(table.csv, .all)
        if table.hasRepeats { try folder.write(table.meansCSV, .means) }
        if let plot = SweepPlot(table).svg { try folder.write(plot, .plot) }
        try folder.write(SweepPage(table: table, folder: folder.path).html, .page)
        return table.text
    }

    /// Throws ``Failure`` if runs failed.
    private func tell(failuresAmong numbers: [Int]) throws {
        let failed = numbers.filter { results[$0].status == .failed }
        guard let first = failed.first else { return }
        throw Failure(
            .badData,
            "\(failed.count) of \(numbers.count) runs failed, the others are done: see \(grid!.folder)/sweep.csv; "
                + "\(grid!.points[first].name): \(results[first].reason)")
    }
}
