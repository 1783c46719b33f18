internal import Distributed
internal import Support

/// A job script for Slurm that trains, saves in time, queues itself again while there is work left, and ends with the run's exit code.
///
/// The scripts in jobs/ are made by it too; a test compares them.
public struct JobScript: Sendable {
    /// Who starts the ranks.
    public enum Launcher: String, CaseIterable, Sendable {
        case srun
        case mpirun
    }

    public let nodes: Int
    public let ranksPerNode: Int
    public let time: TimeLimit
    public let partition: String?
    public let account: String?
    /// One job for each of its runs; nil for one run.
    public let grid: SweepGrid?
    public let launcher: Launcher
    /// The folder of the run, or of a sweep's runs.
    public let output: String
    /// What `mpi-vae train` or `sweep` is given besides.
    public let arguments: [String]

    public init(
        nodes: Int, ranksPerNode: Int, time: TimeLimit, partition: String?, account: String?, grid: SweepGrid?,
        launcher: Launcher,
        output: String, arguments: [String]
    ) {
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
        self.time = time
        self.partition = partition
        self.account = account
        self.grid = grid
        self.launcher = launcher
        self.output = output
        self.arguments = arguments
    }

    /// The script.
    public var text: String {
        """
        #!/usr/bin/env bash
        # Trains \(place); \(launcher.rawValue) starts the ranks.
        # Edit the lines marked EDIT; then: sbatch FILE. What follows FILE goes to mpi-vae \(subcommand): sbatch FILE --epochs 50
        #SBATCH --job-name=mpi-vae
        \(options.joined(separator: "\n"))

        # EDIT: how your cluster finds mpi-vae, its MPI and HDF5, for example:
        # module load mpi-vae

        # Ranks are the parallelism; libraries must not start threads of their own beside them.
        export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
        \(launcher == .srun ? "# Since Slurm 22.05 srun does not take this over from sbatch.\nexport SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}\n# Slurm's usual barrier lets ranks on several nodes out of MPI_Init too soon (22.05).\nexport SLURM_PMIX_FENCE=ring\n" : "")\

        # EDIT: what to train on, and how (mpi-vae \(subcommand) --help). The same command goes on from the newest checkpoint, with the same bits.
        \(gridLines)\
        \(command) &
        launcher=$!
        \(tail)
        """
    }

    private var subcommand: String { grid == nil ? "train" : "sweep" }

    private var place: String {
        let place = nodes == 1 ? "on one node" : "on \(nodes) nodes"
        return grid.map { "\(place), a job for each value of \($0.axes.map(\.key).joined(separator: " and "))" } ?? place
    }

    private var options: [String] {
        func line(_ option: String, _ comment: String = "") -> String {
            let option = "#SBATCH --\(option)"
            if comment.isEmpty { return option }
            return option.padded(to: 38) + " # " + comment
        }
        var lines = [
            line("nodes=\(nodes)", "EDIT"),
            line("ntasks-per-node=\(ranksPerNode)", "EDIT: ranks on each node; at most its cores"),
            line("cpus-per-task=1"),
            line("time=\(time.text)", "EDIT"),
        ]
        if let partition { lines.append(line("partition=\(partition)")) }
        if let account { lines.append(line("account=\(account)")) }
        if let grid {
            lines.append(line("array=0-\(grid.points.count - 1)", "EDIT: as many as there are runs; 0-11%4 runs four at a time"))
        }
        return lines + [
            line("output=%x-\(grid == nil ? "%j" : "%A_%a").out"),
            line("open-mode=append"),
            line("requeue"),
            line("signal=B:USR1@\(time.warning)", "seconds before the end: save, exit with 75, queue again"),
        ]
    }

    private var gridLines: String {
        if grid == nil { return "" }
        return """
            # With --list instead of --task it tells the runs and their numbers, for --array above; with --table what they gave.

            """
    }

    private var command: String {
        // Without --mpi=pmix every task would be an MPI world of its own; mpi-vae refuses that and says so.
        var words = launcher == .srun ? ["srun", "--mpi=pmix", "--kill-on-bad-exit=1"] : ["mpirun"]
        words += ["mpi-vae", subcommand] + arguments.map(FilePath.shellWord) + ["--output", FilePath.shellWord(output)]
        if let grid {
            // The folds of a configuration are no part of what is given.
            for axis in grid.given { words += ["--grid", FilePath.shellWord(axis.text)] }
            words += ["--task", "\"$SLURM_ARRAY_TASK_ID\""]
        }
        return (words + ["\"$@\""]).joined(separator: " ")
    }

    /// What comes after the launcher was started.
    private var tail: String {
        """

        # When time is almost up, the launcher is told, and tells all ranks. When Slurm ends the job it sends SIGTERM to the ranks itself;
        # this shell must only live on until they have saved. A signal ends `wait` early.
        trap 'kill -USR1 $launcher' USR1
        trap : TERM
        while kill -0 $launcher 2>/dev/null; do wait $launcher; done
        wait $launcher
        status=$?

        # Stopped and saved (75), or pre-empted: queue again. Not if the job was cancelled: then it is no longer RUNNING, but COMPLETING.
        job=\(grid == nil ? "$SLURM_JOB_ID" : "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID")
        state=$(scontrol show job "$job")
        if [[ $state == *JobState=RUNNING* && ${SLURM_RESTART_COUNT:-0} -lt 100 ]] &&
            [[ $status -eq 75 || ($status -ne 0 && $state == *PreemptTime=2*) ]]; then
            scontrol requeue "$job"
        fi
        exit $status

        """
    }
}
