internal import Datasets
public import Distributed
internal import Foundation
public import Logging
internal import Support
internal import VAE

/// Measures what the machine can do and where the time of real training steps goes, in one run.
public enum StepBenchmark {
    /// Trains for some seconds as `train` would and writes nothing. Collective; the report is root's.
    ///
    /// - Parameters:
    ///   - configuration: as of `train`; what belongs to the run folder is ignored.
    ///   - seconds: how long the steps are measured; the machine takes a few seconds more.
    /// - Throws: ``SharedFailure``, or what MPI threw.
    public static func run(
        _ configuration: Configuration, seconds: Double, world: World, log: Logger
    ) throws -> BenchmarkReport? {
        let replica = try GeneratedShapes.standingIn(configuration, world: world, log: log) {
            try Replica($0, resumed: nil, world: world, log: log)
        }

        // Between others' work, as in a step: all ranks at once.
        try world.communicator.barrier()
        let products = replica.model.measureProducts(replica.trainer.usualRows, seconds: 0.05)
        let multiplyAdds = measureMultiplyAdds(seconds: 0.05)
        let machine = try world.measureMachine()
        let steps = try measureSteps(replica, seconds: seconds)

        let ranks = try world.communicator.allGather(
            [steps.phases + [machine.memory, Double(residentBytes()), multiplyAdds] + products.flatMap { [$0.used, $0.best] }]
                .flatMap { $0 })
        guard world.isRoot else { return nil }
        let count = Double(world.size)
        let means = ranks[0].indices.map { index in ranks.reduce(0) { $0 + $1[index] } / count }
        let phases = steps.phases.count
        return BenchmarkReport(
            processor: processorName(), ranks: world.size, ranksPerNode: world.localSize,
            threads: replica.pool.count, precision: replica.configuration.training.precision.rawValue,
            wire: replica.configuration.training.wire.rawValue,
            shards: replica.shardCount, globalBatch: replica.configuration.training.globalBatch,
            parameters: replica.model.layout.parameterCount,
            products: products.enumerated().map { index, product in
                let first = phases + 3 + 2 * index
                return .init(
                    name: product.name, operationsPerRow: product.operationsPerRow, used: means[first], best: means[first + 1])
            },
            multiplyAddsPerSecond: means[phases + 2], memoryBytesPerSecond: means[phases], barrierSeconds: machine.barrier,
            latencySeconds: machine.latency,
            exchangeBytesPerSecond: machine.exchange, stepSeconds: steps.seconds,
            phases: zip(Phase.allCases, means).map { .init(name: $0.rawValue, seconds: $1) },
            residentBytes: means[phases + 1], dataBytes: Double(replica.trainer.dataBytes))
    }

    /// The parts of a step, in the order in which they are reported; first the waiting for rows that are not in memory.
    package enum Phase: String, CaseIterable {
        case read, data, prepare, forward, noise, loss, backward, fold, update, wait, other
    }

    /// Seconds of this rank's phases so far, those of several threads averaged.
    private static func totals(_ replica: Replica) -> [Double] {
        let trainer = replica.trainer
        let threads = Double(replica.pool.count)
        func mean(_ path: KeyPath<ComputeTimes, Double>) -> Double {
            trainer.pass.times.reduce(0) { $0 + $1[keyPath: path] } / threads
        }
        let update = trainer.updateSeconds.reduce(0, +) / threads
        let reduction = trainer.reduction.times
        return [
            trainer.waitSeconds, trainer.dataSeconds.reduce(0, +) / threads, trainer.prepareSeconds, mean(\.forward),
            mean(\.noise), mean(\.loss),
            mean(\.backward), reduction.work - update, update, reduction.wait,
        ]
    }

    /// Seconds of a step, the median of some series of steps, and of its phases, their mean.
    static func measureSteps(_ replica: Replica, seconds: Double) throws -> (seconds: Double, phases: [Double]) {
        func run(_ count: Int) throws -> Double {
            var watch = Stopwatch()
            for _ in 0..<count {
                if replica.trainer.epochIsComplete { replica.trainer.beginNextEpoch() }
                let flags = try replica.trainer.step()
                guard !flags.contains(.notFinite) else {
                    throw SharedFailure(
                        exitStatus: ExitCode.badData.rawValue,
                        message: replica.world.isRoot ? "the loss is not finite: try a smaller --lr" : nil)
                }
            }
            return watch.lap()
        }
        let series = 9
        _ = try run(3)
        let once = try run(5) / 5
        let count = Int(
            try replica.world.communicator.broadcast(Int64(max(2, (seconds / Double(series) / once).rounded(.up)))))
        let before = totals(replica)
        let times = try (0..<series).map { _ in try run(count) }
        let steps = Double(series * count)
        var phases = zip(totals(replica), before).map { ($0 - $1) / steps }
        phases.append(times.reduce(0, +) / steps - phases.reduce(0, +))
        return (times.sorted()[series / 2] / Double(count), phases)
    }

    /// Bytes of this process in memory, shared memory among them.
    static func residentBytes() -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        return (Int(text.split(separator: " ")[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func processorName() -> String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }
}
