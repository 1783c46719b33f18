import Foundation
import TestSupport
import Testing

/// The command line itself.
struct CommandLineTests {
    @Test func helpIsPrintedOnce() throws {
        let outcome = try mpiVAE(ranks: 3, ["--help"])
        #expect(outcome.status == 0 && outcome.output.components(separatedBy: "SUBCOMMANDS").count == 2, "\(outcome)")
    }

    @Test func usageErrorsArePrintedOnce() throws {
        let outcome = try mpiVAE(ranks: 3, ["train", "--epoch", "3"])
        #expect(outcome.status == 64, "\(outcome)")
        #expect(outcome.errors.components(separatedBy: "unknown option '--epoch'").count == 2, "\(outcome)")
        #expect(outcome.errors.contains("'--epochs'"), "the nearest option is named: \(outcome)")
    }

    /// Every key of the configuration is a flag.
    @Test func everyKeyIsAFlag() throws {
        let help = try mpiVAE("train", "--help").output
        let keys = try mpiVAE("config").output.split(separator: "\n").filter { $0.contains(" = ") && !$0.hasPrefix("#") }
            .map { $0.prefix { $0 != " " } }
        #expect(keys.count > 40)
        for key in keys { #expect(help.contains("--\(key) <") || help.contains("--\(key)/--no-\(key)"), "--\(key)") }
    }

    /// The names that scripts rely on (DESIGN section 7).
    @Test func flagsOfTheDesign() throws {
        let train = try mpiVAE("train", "--help").output
        for flag in [
            "data", "validation-data", "validation-fraction", "output", "model", "hidden", "latent", "likelihood", "beta",
            "activation", "optimizer", "lr", "epochs", "global-batch", "shards", "seed", "precision", "reduction", "threads",
            "resume", "max-steps", "config", "set",
        ] { #expect(train.contains("--\(flag) <"), "train --\(flag)") }
        let idx = try mpiVAE("import", "idx", "--help").output
        for flag in ["images", "labels", "output", "name"] { #expect(idx.contains("--\(flag) <"), "import idx --\(flag)") }
        for command in ["embed", "evaluate"] {
            let help = try mpiVAE(command, "--help").output
            for flag in ["checkpoint", "data"] { #expect(help.contains("--\(flag) <"), "\(command) --\(flag)") }
        }
        #expect(try mpiVAE("inspect", "--help").output.contains("--json"))
        let version = try mpiVAE("--version").output.split(separator: "\n")
        #expect(version.first == "mpi-vae 0.1.0")
        for name in ["MPI  ", "HDF5  ", "kernels  ", "Swift  6."] {
            #expect(version.count { $0.hasPrefix(name) && $0.count > name.count } == 1, "\(name): \(version)")
        }
    }

    @Test func doctorNamesLibrariesAndRanks() throws {
        let outcome = try mpiVAE(ranks: 2, ["doctor"])
        for text in ["Open MPI", "HDF5", "rank 1", "2 of 2 ranks share memory"] {
            #expect(outcome.output.contains(text), "\(outcome)")
        }
    }

    /// A dry run opens everything, tells the plan, and leaves nothing behind; with a run there, it begins where that stands.
    @Test func dryRun() throws {
        let folder = try TemporaryFolder()
        let train = [
            "train", "--data", try Fixtures.digits.get(), "--likelihood", "gaussian", "--hidden", "8", "--global-batch", "64",
            "--epochs", "2", "--output", folder.path("run"),
        ]
        let outcome = try mpiVAE(ranks: 3, train + ["--dry-run"])
        #expect(outcome.status == 0, "\(outcome)")
        for text in ["2-4", "449-1122", "checkpoint", "rows/s", "2 epochs of 29 steps", "nothing was written", "gradients 0."] {
            #expect(outcome.output.contains(text), "\(text): \(outcome)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        #expect(try mpiVAE(ranks: 1, train + ["--max-steps", "5"]).status == 0)
        #expect(try mpiVAE(ranks: 1, train + ["--dry-run"]).errors.contains("going on after step 5"))
        let generated = try mpiVAE("train", "--dry-run", "--hidden", "8", folder: folder.url)
        #expect(generated.status == 0 && generated.errors.contains("generated shapes"), "\(generated)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["run"])
        #expect(try mpiVAE(ranks: 2, ["train", "--dry-run", "--data", "none.h5"]).status == 66)
    }

    @Test func theDefaultsAreAConfiguration() throws {
        let folder = try TemporaryFolder()
        let text = try mpiVAE("config").output
        try Data(text.utf8).write(to: folder.url.appendingPathComponent("all.toml"))
        let outcome = try mpiVAE(
            "train", "--config", "all.toml", "--max-steps", "1", "--hidden", "8", folder: folder.url)
        #expect(outcome.status == 0, "\(outcome)")
    }
    /// What flags and a preset come to, and nothing of the folder or the environment.
    @Test func configResolves() throws {
        let folder = try TemporaryFolder()
        try Data("[banana]\n".utf8).write(to: folder.url.appendingPathComponent("mpi-vae.toml"))
        func config(_ arguments: String...) throws -> Outcome {
            try mpiVAE(
                arguments: ["config"] + arguments, environment: ["MPI_VAE_LATENT": "7", "MPI_VAE_BANANA": "1"], folder: folder.url
            )
        }
        let defaults = try config()
        #expect(defaults.status == 0 && defaults.output.contains("\nlatent = 20\n"), "\(defaults)")
        #expect(defaults.output.contains("# number of latents (a whole number of at least 1)\n"), "\(defaults)")
        let resolved = try config("--model", "denoising", "--set", "lr=0.5", "--no-report")
        for line in ["model = \"denoising\"", "corruption = \"gaussian\"", "lr = 0.5", "report = false"] {
            #expect(resolved.output.contains("\n\(line)\n"), "\(resolved)")
        }
        try Data(resolved.output.utf8).write(to: folder.url.appendingPathComponent("all.toml"))
        #expect(try config("--config", "all.toml").output == resolved.output)
        let wrong = try config("--latent", "0")
        #expect(
            wrong.status == 78
                && wrong.errorLines == ["mpi-vae: error: --latent is '0', but must be a whole number of at least 1"])
    }
}
