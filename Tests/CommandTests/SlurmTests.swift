import Foundation
import TestSupport
import Testing

/// The job scripts on a real Slurm with two nodes.
@Suite(.serialized, WithSlurm())
struct SlurmTests {
    private let folder: TemporaryFolder
    private let slurm: SlurmCluster

    init() throws {
        folder = try TemporaryFolder()
        slurm = try #require(SlurmCluster.current)
        try FileManager.default.copyItem(atPath: Fixtures.digits.get(), toPath: folder.path("data.h5"))
    }

    /// What makes a training small.
    private let small = [
        "--hidden", "16", "--latent", "4", "--likelihood", "gaussian", "--global-batch", "256", "--validation-fraction", "0.1",
        "--seed", "5",
    ]

    private func submit(
        _ script: String, name: String, ranksPerNode: Int = 1, options: [String] = [], _ arguments: [String]
    ) throws -> String {
        try slurm.submit(
            repositoryPath("jobs/\(script)"),
            options: ["--job-name", name, "--ntasks-per-node=\(ranksPerNode)", "--time=5"] + options,
            arguments, folder: folder.url)
    }

    private func output(_ name: String, _ job: String) -> String {
        (try? String(contentsOfFile: folder.path("\(name)-\(job).out"), encoding: .utf8)) ?? "no output"
    }

    /// The newest checkpoint of the same training, on one rank and never disturbed.
    private func unbroken(_ arguments: [String]) throws -> Data {
        let run = folder.path("unbroken")
        let outcome = try mpiVAE(ranks: 1, ["train", "--data", folder.path("data.h5"), "--output", run] + small + arguments)
        #expect(outcome.status == 0, "\(outcome)")
        return try newestCheckpoint(run)
    }

    private func checkpoints(_ run: String) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path("\(run)/checkpoints"))) ?? [])
            .count { $0.hasPrefix("step-") }
    }

    /// Every shipped script, and what `mpi-vae slurm` prints, runs to its end: with the same bits however the ranks are started.
    @Test func scriptsRun() throws {
        let epochs = ["--epochs", "3"]
        let single = try submit(
            "single-node.sbatch", name: "single", ranksPerNode: 3, small + epochs + ["--output", "runs/single"])
        let several = try submit(
            "multi-node.sbatch", name: "several", ranksPerNode: 2, small + epochs + ["--output", "runs/several"])
        let mpirun = try submit(
            "multi-node-mpirun.sbatch", name: "mpirun", ranksPerNode: 2, small + epochs + ["--output", "runs/mpirun"])
        let analysis = try slurm.submit(
            repositoryPath("jobs/analysis.sbatch"), options: ["--ntasks-per-node=2", "--dependency=afterok:\(several)"],
            ["runs/several", "data.h5"], folder: folder.url)
        let sweep = try submit("sweep.sbatch", name: "sweep", ["--hidden", "16", "--likelihood", "gaussian"] + epochs)

        let printed = try mpiVAE(
            arguments: [
                "slurm", "--nodes", "2", "--ranks-per-node", "1", "--time", "10", "--partition", "batch", "--grid", "seed=5,6",
                "--output", "runs/it's here", "--", "--data", "data.h5",
            ] + small.dropLast(2) + epochs, folder: folder.url)
        #expect(printed.status == 0, "\(printed)")
        try Data(printed.output.utf8).write(to: folder.url.appendingPathComponent("job.sh"))
        let array = try slurm.submit("job.sh", folder: folder.url)

        for (name, job) in [("single", single), ("several", several), ("mpirun", mpirun), ("mpi-vae-analysis", analysis)] {
            let end = try slurm.ended(job)
            #expect(end.contains("JobState=COMPLETED") && end.contains("ExitCode=0:0"), "\(end)\n\(output(name, job))")
        }
        for (name, job, tasks) in [("sweep", sweep, 3), ("mpi-vae", array, 2)] {
            let end = try slurm.ended(job)
            #expect(end.components(separatedBy: "JobState=COMPLETED").count == tasks + 1, "\(end)")
            for task in 0..<tasks { #expect(output(name, "\(job)_\(task)").contains("wrote runs/")) }
        }
        let alone = try unbroken(epochs)
        for run in ["single", "several", "mpirun", "it's here/seed=5"] {
            #expect(try newestCheckpoint(folder.path("runs/\(run)")) == alone, "\(run)")
        }
        #expect(try newestCheckpoint(folder.path("runs/it's here/seed=6")) != alone)
        #expect(output("several", several).contains("4 ranks"))
        #expect(output("mpirun", mpirun).contains("4 ranks"))
        #expect(output("mpi-vae-analysis", analysis).contains("1797 rows, variance of each latent"))
        let shapes = try Program.python(
            """
            import h5py, sys
            for latent in 2, 8, 32: print(h5py.File(f"{sys.argv[1]}/latent={latent}/embeddings.h5")["latent/mean"].shape)
            """, [folder.path("runs/sweep")])
        #expect(shapes.output == "(1797, 2)\n(1797, 8)\n(1797, 32)\n", "\(shapes)")
        // What the same command tells of all jobs.
        let table = try mpiVAE(
            arguments: ["sweep", "--grid", "latent=2,8,32", "--data", "data.h5", "--validation-fraction", "0.1"] + epochs
                + ["--output", "runs/sweep", "--table"], folder: folder.url)
        #expect(table.status == 0 && table.output.components(separatedBy: "  done").count == 4, "\(table)")
    }

    /// No rank leaves MPI_Init while another is held there: a message could end that one (SIGSEGV).
    @Test func rankThatIsLate() throws {
        let job = try submit(
            "multi-node.sbatch", name: "late", options: ["--export=ALL,LD_PRELOAD=\(Program.built("libLateRank.so"))"],
            small + ["--epochs", "1", "--output", "runs/late"])
        let end = try slurm.ended(job)
        let output = output("late", job)
        #expect(end.contains("JobState=COMPLETED") && end.contains("ExitCode=0:0"), "\(end)\n\(output)")
        func milliseconds(_ what: String) throws -> Int {
            let line = try #require(output.split(separator: "\n").first { $0.contains(what) }, "\(output)")
            return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
        }
        let held = try milliseconds("rank 1 goes on at")
        for rank in 0...1 { #expect(try milliseconds("rank \(rank) left MPI_Init at") >= held) }
    }

    /// A training that would never end by itself, so that no machine is too fast for what is to happen to it; see `finishAgain`.
    private let endless = ["--epochs", "1000000", "--checkpoint-every-epochs", "1000", "--output", "run"]

    /// Waits until the job is in the queue again, gives its training an end, and compares that with an unbroken one's.
    private func finishAgain(_ job: String) throws {
        let isQueued = try isSoon(60) {
            let text = try slurm.description(job)
            return text.contains("JobState=PENDING") && text.contains("Restarts=1")
        }
        #expect(isQueued, "\(output("job", job))")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("run/checkpoints"))
        let newest = try #require(files.filter { $0.hasPrefix("step-") }.max())
        let steps = try #require(Int(newest.dropFirst(5).prefix { $0.isNumber })) + 50
        try Data("[run]\nmax-steps = \(steps)\n".utf8).write(to: folder.url.appendingPathComponent("mpi-vae.toml"))

        let alone = try unbroken(endless.dropLast(2) + ["--max-steps", "\(steps)"])
        let end = try slurm.ended(job)
        let text = output("job", job)
        #expect(end.contains("JobState=COMPLETED") && end.contains("Restarts=1"), "\(end)\n\(text)")
        #expect(text.contains("going on after step"), "\(text)")
        #expect(try newestCheckpoint(folder.path("run")) == alone)
    }

    /// A job of higher priority takes the nodes, or an administrator queues the job again: the training ends as if nothing had been.
    @Test(arguments: [("multi-node.sbatch", true), ("multi-node-mpirun.sbatch", true), ("multi-node.sbatch", false)])
    func queuedAgain(script: String, isPreempted: Bool) throws {
        let job = try submit(script, name: "job", small + endless + ["--checkpoint-every-steps", "5"])
        #expect(isSoon(30) { checkpoints("run") > 0 }, "\(output("job", job))")
        if isPreempted {
            try Data("#!/bin/sh\nexit 0\n".utf8).write(to: folder.url.appendingPathComponent("urgent.sh"))
            let urgent = try slurm.submit(
                "urgent.sh", options: ["--partition=urgent", "--nodes=2", "--exclusive", "--time=1"], folder: folder.url)
            try finishAgain(job)
            #expect(try slurm.ended(urgent).contains("JobState=COMPLETED"))
        } else {
            try slurm.run("scontrol", ["requeue", job])
            try finishAgain(job)
        }
    }

    /// Slurm tells the job that its time is almost up (it looks every 30 s): it saves, and ends later as if nothing had been. What
    /// depends on it waits for the end.
    @Test func timeLimit() throws {
        let job = try submit(
            "single-node.sbatch", name: "job", ranksPerNode: 4, options: ["--time=1", "--signal=B:USR1@55"], small + endless)
        let analysis = try slurm.submit(
            repositoryPath("jobs/analysis.sbatch"), options: ["--ntasks-per-node=1", "--dependency=afterok:\(job)"],
            ["run", "data.h5"], folder: folder.url)
        try finishAgain(job)
        #expect(output("job", job).contains("saved: the same command goes on"))
        let end = try slurm.ended(analysis)
        #expect(end.contains("JobState=COMPLETED"), "\(end)\n\(output("mpi-vae-analysis", analysis))")
    }

    /// What the user cancels leaves a good checkpoint, and does not come back.
    @Test(arguments: ["single-node.sbatch", "multi-node.sbatch"])
    func cancelled(script: String) throws {
        let job = try submit(script, name: "cancelled", ranksPerNode: 2, small + ["--epochs", "100000", "--output", "run"])
        #expect(isSoon(30) { checkpoints("run") > 0 })
        try slurm.run("scancel", [job])
        let end = try slurm.ended(job)
        #expect(end.contains("JobState=CANCELLED") && end.contains("Restarts=0"), "\(end)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("run/checkpoints"))
            .filter { $0.hasPrefix("step-") }.map { folder.path("run/checkpoints/\($0)") }
        let check = try mpiVAE(arguments: ["check"] + files)
        #expect(!files.isEmpty && check.status == 0, "\(check)")
        #expect(try mpiVAE("evaluate", "--checkpoint", files.max()!, "--data", folder.path("data.h5")).status == 0)
        #expect(try slurm.run("squeue", ["--noheader"]).isEmpty)
    }
}

/// What `mpi-vae slurm` prints and refuses; no Slurm is needed.
struct JobScriptTests {
    /// The scripts in jobs/ are what the command prints.
    @Test(
        arguments: [
            ("single-node", ["--launcher", "mpirun"]), ("multi-node", ["--nodes", "2", "--time", "08:00:00"]),
            ("multi-node-mpirun", ["--nodes", "2", "--time", "08:00:00", "--launcher", "mpirun"]),
            ("sweep", ["--grid", "latent=2,8,32"]),
        ])
    func shipped(name: String, options: [String]) throws {
        let validation = name == "sweep" ? ["--validation-fraction", "0.1"] : []
        let printed = try mpiVAE(
            arguments: ["slurm"] + options + ["--output", "runs/\(name)", "--", "--data", "data.h5"] + validation)
        #expect(printed.status == 0 && printed.errors.isEmpty, "\(printed)")
        #expect(try printed.output == String(contentsOfFile: repositoryPath("jobs/\(name).sbatch"), encoding: .utf8))
    }

    @Test func optionsAreInTheScript() throws {
        let printed = try mpiVAE(
            "slurm", "--nodes", "3", "--ranks-per-node", "16", "--time", "20", "--partition", "long,short", "--account", "me",
            "--output", "a b", "--", "--data", "$HOME/it's.h5", "--beta", "2")
        for text in [
            "#SBATCH --nodes=3 ", "#SBATCH --ntasks-per-node=16 ", "#SBATCH --time=20 ", "#SBATCH --partition=long,short\n",
            "#SBATCH --account=me\n", "--signal=B:USR1@180 ",
            #"mpi-vae train --data '$HOME/it'\''s.h5' --beta 2 --output 'a b' "$@" &"#,
        ] { #expect(printed.output.contains(text), "\(text): \(printed)") }
        #expect(try mpiVAE("slurm", "--time", "4").output.contains("USR1@60 "), "a short job is told later")
        let folds = try mpiVAE("slurm", "--output", "a", "--grid", "hidden=16;8,4", "--", "--data", "d.h5", "--folds", "3").output
        for text in [
            "#SBATCH --array=0-5 ",
            #"mpi-vae sweep --data d.h5 --folds 3 --output a --grid 'hidden=16;8,4' --task "$SLURM_ARRAY_TASK_ID" "$@" &"#,
        ] { #expect(folds.contains(text), "\(text): \(folds)") }
    }

    @Test(
        arguments: [
            (["--nodes", "0"], "--nodes is '0'"), (["--nodes", "two"], "--nodes is 'two'"),
            (["--ranks-per-node", "1.5"], "--ranks-per-node is '1.5'"), (["--time", "0:30"], "--time is '0:30'"),
            (["--time", "1:2:3:4"], "--time is '1:2:3:4'"), (["--time", "1-"], "--time is '1-'"),
            (["--time", "99999999999999999999"], "--time is"), (["--partition", "a b"], "--partition is 'a b'"),
            (["--account", "x\n#SBATCH --wrap"], "--account is"), (["--launcher", "mpiexec"], "must be srun or mpirun"),
            (["--output", ""], "--output is empty"), (["--grid", "latent"], "must be KEY=VALUE"),
            (["--grid", "latnet=2"], "nearest is 'latent'"), (["--grid", "latent=2,x"], "--latent is 'x'"),
            (["--grid", "latent=2,2"], "there twice"), (["--grid", "data=a/b"], "cannot name a folder"),
            (["--grid", "latent="], "cannot name a folder"), (["--grid", "output=a,b"], "cannot be swept"),
            (["--grid", "latent=2", "--", "--latent", "3"], "--grid sweeps it"), (["--", "--folds", "1"], "folds is 1"),
            (["--grid", "latent=2", "--", "--data", "d.h5"], "nothing to compare the runs by"),
            (["--", "--epoch", "3"], "nearest is '--epochs'"), (["--", "--epochs", "x"], "--epochs is 'x'"),
            (["--", "--output", "x"], "before the --"), (["--", "--resume", "never"], "begin anew"),
            (["--", "--help"], "train --help"),
        ] as [([String], String)])
    func badValues(arguments: [String], message: String) throws {
        let outcome = try mpiVAE(arguments: ["slurm"] + arguments)
        #expect(outcome.status == 64 && outcome.output.isEmpty && outcome.errors.contains(message), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.errorLines.count == 1, "\(outcome)")
    }
}
