internal import Foundation

/// What Open MPI is told before it starts, where it does not find out itself and nobody has told it otherwise.
///
/// Other MPI libraries do not know these variables. They are for this process alone: programs that it starts do not get them.
package struct StartSettings {
    private let names: [String]

    /// Tells Open MPI by variables of the environment, until ``forget()``.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let wanted = Self.wanted(environment).filter { environment[$0.key] == nil }
        for (name, value) in wanted { setenv(name, value, 0) }
        names = wanted.map(\.key)
    }

    /// Takes the variables away again, after MPI has started.
    func forget() {
        for name in names { unsetenv(name) }
    }

    /// The variables for a process with this environment.
    package static func wanted(_ environment: [String: String]) -> [String: String] {
        func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        let own = "OMPI_MCA_"
        var settings: [String: String] = [:]
        let local = number("OMPI_COMM_WORLD_LOCAL_SIZE")
        // More ranks than cores: ranks that wait must give up theirs. mpirun says so where it knows; srun does not.
        if (local ?? number("SLURM_NTASKS_PER_NODE") ?? 1) > ProcessInfo.processInfo.activeProcessorCount {
            settings[own + "mpi_yield_when_idle"] = "1"
        }
        let hasLauncher = environment.keys.contains { name in launchers.contains { name.hasPrefix($0) } }
        let isOnOneNode = local != nil && local == number("OMPI_COMM_WORLD_SIZE") || number("SLURM_STEP_NUM_NODES") == 1
        // Ranks of one node talk by its memory: to look for networks would take a fifth of a second.
        if (!hasLauncher || isOnOneNode) && environment[own + "mtl"] == nil { settings[own + "pml"] = "ob1" }
        // One rank needs no daemon, which would take as long again, and no folder: those of such ranks on one node have the same
        // name, and one that ends takes it from one that begins.
        if !hasLauncher {
            settings[own + "btl"] = "self"
            settings[own + "ess_singleton_isolated"] = "1"
            settings[own + "orte_create_session_dirs"] = "0"
        }
        return settings
    }

    /// Microseconds that a rank waits behind MPI_Init before it says anything to others.
    ///
    /// Started on several nodes by Slurm alone, a rank can leave MPI_Init while others are still in it: the second of Open MPI's two barriers there,
    /// which carries no data, holds nobody with Slurm 22.05 and PMIx 4.2, unless `SLURM_PMIX_FENCE=ring` is set for srun. A message then finds no
    /// receiver, which ends that rank (SIGSEGV, in one of some hundred starts on a busy machine). This gives the others time to come out.
    package static func pause(_ environment: [String: String]) -> UInt32 {
        let isStartedBySlurm = environment["SLURM_STEP_ID"] != nil && environment["OMPI_COMM_WORLD_SIZE"] == nil
        if environment["SLURM_PMIX_FENCE"] == "ring" { return 0 }
        return isStartedBySlurm && environment["SLURM_STEP_NUM_NODES"].flatMap { Int($0) } != 1 ? 250_000 : 0
    }

    /// How the variables begin by which launchers tell a process of its place.
    private static let launchers = ["OMPI_COMM_WORLD_", "PMIX_", "PMI_", "MPI_LOCALNRANKS", "SLURM_STEP_ID"]
}
