internal import ArgumentParser
internal import Campaigns
internal import Distributed
internal import Support
internal import Training

struct Slurm: ReadingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a job script for Slurm that trains, saves in time, and queues itself again.",
        discussion: """
            mpi-vae slurm --nodes 2 --output runs/first -- --data data.h5 --latent 20 > job.sh
            sbatch job.sh
            mpi-vae slurm --grid latent=2,8,32 --output runs/sweep -- --data data.h5 --validation-fraction 0.1 > sweep.sh

            What comes after -- is checked here, before the job waits in a queue.
            """)

    // Texts, so that all that is wrong is told in one way: on one line, with exit code 64.
    @Option(help: "Nodes.") var nodes = "1"
    @Option(help: "Ranks on each node; at most its cores.") var ranksPerNode = "8"
    @Option(help: "Time limit of a job; when it is up, the run saves and the job is queued again.") var time = "04:00:00"
    @Option(help: "Partition, or several with commas between.") var partition: String?
    @Option(help: "Account.") var account: String?
    @Option(
        help: "A key of the configuration and its values, a job for each: latent=8,16,32. May be repeated; see mpi-vae sweep.")
    var grid: [String] = []
    @Option(help: "Who starts the ranks: srun (needs Slurm's pmix) or mpirun.") var launcher = "srun"
    @Option(help: "Folder of the run; of the runs' folders, with --grid.") var output = "runs/mpi-vae"
    @Argument(parsing: .postTerminator, help: "What mpi-vae train, or sweep, is given, after --.") var arguments: [String] = []

    func run() throws {
        let runs = try check()
        guard let launcher = JobScript.Launcher(rawValue: launcher) else {
            throw Failure(.usage, "--launcher is '\(launcher)', but must be srun or mpirun")
        }
        let script = JobScript(
            nodes: try count(nodes, "nodes"), ranksPerNode: try count(ranksPerNode, "ranks-per-node"), time: try TimeLimit(time),
            partition: try name(partition, "partition"), account: try name(account, "account"), grid: runs,
            launcher: launcher, output: output, arguments: arguments)
        print(script.text, terminator: "")
    }

    /// Refuses what train would refuse when the job has waited for its turn.
    ///
    /// - Returns: the runs of a sweep; nil for one run.
    private func check() throws -> SweepGrid? {
        let train: Train
        let words = try CommandWords(["train"] + arguments)
        do {
            train = try Train.parse(Array(words.words.dropFirst()))
        } catch {
            guard Train.exitCode(for: error) != .success else {
                throw Failure(.usage, "after -- come the arguments of a training: see mpi-vae train --help")
            }
            throw Failure(.usage, "after --: \(words.line(for: error))")
        }
        let given = train.source.flags.values
        if given["output"] != nil { throw Failure(.usage, "after --: give --output before the --") }
        if output.isEmpty { throw Failure(.usage, "--output is empty, but must name a folder") }
        if train.dryRun || train.explain {
            throw Failure(.usage, "after --: a job with --\(train.dryRun ? "dry-run" : "explain") would train nothing")
        }
        if given["resume"] == "never" {
            throw Failure(.usage, "after --: with --resume never, a job that is queued again would begin anew")
        }
        do {
            if grid.isEmpty {
                let data = try train.source.read().data
                if data.folds == 0 || data.fold > 0 { return nil }
            }
            return try SweepGrid(grid, given: Set(given.keys)) {
                try train.source.read(adding: ["output": output].merging($0) { $1 })
            }
        } catch let failure as Failure {
            throw Failure(.usage, failure.message)
        }
    }

    private func count(_ text: String, _ option: String) throws -> Int {
        guard let count = Int(text), (1...1_000_000).contains(count) else {
            throw Failure(.usage, "--\(option) is '\(text)', but must be a whole number of at least 1")
        }
        return count
    }

    /// A name that Slurm's administrators may give; it stands in a line of options, where no shell quotes it.
    private func name(_ text: String?, _ option: String) throws -> String? {
        guard let text else { return nil }
        let allowed = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.,@:+".unicodeScalars.contains($0))
        }
        guard allowed, let first = text.first, first != "-" else {
            throw Failure(.usage, "--\(option) is '\(text)', but must be a name of letters, digits, and ._@:+-")
        }
        return text
    }
}
