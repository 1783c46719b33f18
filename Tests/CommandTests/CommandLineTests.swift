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
        #expect(outcome.errors.components(separatedBy: "Unknown option '--epoch'").count == 2, "\(outcome)")
        #expect(outcome.errors.contains("'--epochs'"), "the nearest option is named: \(outcome)")
    }

    /// Every key of the configuration is a flag.
    @Test func everyKeyIsAFlag() throws {
        let help = try mpiVAE("train", "--help").output
        let keys = try mpiVAE("config").output.split(separator: "\n").filter { $0.contains(" = ") && !$0.hasPrefix("#") }
            .map { $0.prefix { $0 != " " } }
        #expect(keys.count > 40)
        for key in keys { #expect(help.contains("--\(key) <"), "--\(key)") }
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
        #expect(try mpiVAE("--version").output == "0.1.0\n")
    }

    @Test func doctorNamesLibrariesAndRanks() throws {
        let outcome = try mpiVAE(ranks: 2, ["doctor"])
        for text in ["Open MPI", "HDF5", "oneDNN", "rank 1", "2 of 2 ranks share memory"] {
            #expect(outcome.output.contains(text), "\(outcome)")
        }
    }

    @Test func theDefaultsAreAConfiguration() throws {
        let folder = try TemporaryFolder()
        let text = try mpiVAE("config").output
        try Data(text.utf8).write(to: folder.url.appendingPathComponent("all.toml"))
        let outcome = try mpiVAE(
            "train", "--config", "all.toml", "--max-steps", "1", "--hidden", "8", folder: folder.url)
        #expect(outcome.status == 0, "\(outcome)")
    }
}
