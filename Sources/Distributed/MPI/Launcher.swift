internal import Foundation

/// Who started this process, as one task or as one of several, told by its environment before MPI is started.
public struct Launcher {
    /// The number of this task, from 0.
    public let rank: Int
    /// Its number among those of its node, from 0.
    public let localRank: Int
    public let taskCount: Int
    /// Whether there is a launcher at all.
    public let isPresent: Bool
    /// Whether the tasks can find each other by MPI, as far as the environment tells.
    public let joinsTasks: Bool
    let isSlurmStep: Bool

    public init() {
        let environment = ProcessInfo.processInfo.environment
        func number(_ names: String...) -> Int? { names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first }
        let manager = number("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
        let task = manager ?? number("SLURM_PROCID")
        isPresent = task != nil
        rank = task ?? 0
        localRank = number("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID") ?? 0
        joinsTasks = manager != nil
        // A step of Slurm has a SLURM_STEP_ID; the batch shell of a job with many tasks may well start one rank by hand.
        let tasks = environment["SLURM_STEP_ID"] != nil && number("SLURM_PROCID") != nil ? number("SLURM_STEP_NUM_TASKS") ?? 1 : 1
        isSlurmStep = tasks > 1
        taskCount =
            isSlurmStep ? tasks : ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS"].compactMap { number($0) }.max() ?? 1
    }
}
