import Foundation
import TestSupport
import Testing

/// Wrong words on the command line: one line that says what is meant, and status 64 (or 78 for a value of the configuration).
@Suite(.serialized)
struct GuessTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func expect(_ status: Int32, _ text: String, _ arguments: String...) throws {
        let outcome = try mpiVAE(arguments: arguments, folder: folder.url)
        let lines = outcome.errors.split(separator: "\n")
        #expect(
            outcome.status == status && lines.count == 1 && lines[0].hasPrefix("mpi-vae: error: "), "\(arguments): \(outcome)")
        #expect(outcome.errors.contains(text), "\(arguments): \(text): \(outcome)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }

    @Test func flags() throws {
        try expect(64, "unknown option '--learning-rate': it is '--lr'", "train", "--learning-rate", "1e-3")
        try expect(64, "it is '--global-batch'", "train", "--batch_size=64")
        try expect(64, "it is '--latent'", "sweep", "--latent-dim", "3")
        try expect(64, "it is '--output'", "train", "-o", "runs/a")
        try expect(64, "processors alone", "train", "--device", "cuda")
        try expect(64, "ranks are started by `mpirun -n N mpi-vae ...`", "train", "-np", "4")
        try expect(64, "nearest is '--epochs'", "train", "--epoch", "3")
        try expect(64, "unknown option '--banana': see mpi-vae train --help", "train", "--banana", "1")
        try expect(64, "it is '--checkpoint'", "embed", "--model", "runs/a", "--data", "x.h5")
        try expect(64, "it is '--force'", "embed", "--checkpoint", "runs/a", "--data", "x.h5", "--overwrite")
        try expect(64, "it is '--count'", "generate", "--checkpoint", "runs/a", "-n", "4")
        try expect(64, "it is '--quantile'", "score", "--checkpoint", "runs/a", "--data", "x.h5", "--threshold", "0.9")
        try expect(64, "--checkpoint", "embed", "--data", "x.h5")
    }

    @Test func commands() throws {
        try expect(64, "unknown command 'fit': it is 'train'", "fit", "--data", "x.h5")
        try expect(64, "unknown command 'trian': nearest is 'train'", "trian")
        try expect(64, "it is 'generate'", "sample")
        try expect(64, "it is 'embed' for codes", "predict", "--data", "x.h5")
        try expect(64, "there are train, sweep, embed", "banana")
        #expect(try mpiVAE("help", "train").status == 0 && mpiVAE("train", "--help").output.contains("USAGE"))
        #expect(try mpiVAE(arguments: []).output.contains("SUBCOMMANDS"))
    }

    @Test func values() throws {
        for command in ["train", "sweep", "bench"] {
            try expect(78, "`mpi-vae sweep` trains them all by --grid latent=1,2,3", command, "--latent", "1,2,3")
            try expect(78, "--grid hidden=400;200,100", command, "--hidden", "400;200,100")
            try expect(78, "--latent is '-1', but must be a whole number of at least 1", command, "--latent", "-1")
        }
        try expect(64, "it is 'lr' in [optimizer]", "sweep", "--grid", "learning-rate=1,2")
        try expect(64, "belongs into section [model]", "sweep", "--grid", "training.latent=1,2")
        try expect(78, "unknown key 'latent-dim': it is 'latent' in [model]", "train", "--set", "latent-dim=3")
        let list = try mpiVAE(
            "sweep", "--grid", "model.latent=2,3", "--grid", "lr=1e-3", "--validation-fraction", "0.1", "--list", "--set",
            "epochs=1", folder: folder.url)
        #expect(list.status == 0 && list.output.contains("latent=2,lr=1e-3"), "\(list)")
    }

    /// Every flag of every command that takes a number: what is none ends with 64 or 78 and one line, before anything is done.
    @Test func numericFlags() throws {
        let apply = ["--checkpoint", "none", "--data", "none.h5"]
        let flags: [([String], [String])] = [
            (["embed"] + apply, ["threads", "packed-bits"]),
            (["evaluate"] + apply, ["threads", "packed-bits", "samples", "code-rows", "held-out"]),
            (["reconstruct"] + apply, ["threads", "library"]),
            (
                ["generate", "--checkpoint", "none"],
                ["count", "seed", "components", "fit-rows", "steps", "threads", "interpolate", "packed-bits", "library"]
            ),
            (["generate", "--checkpoint", "none", "--traverse"], ["latents"]),
            (["score"] + apply, ["samples", "quantile", "threads"]), (["impute"] + apply, ["draws", "samples", "threads"]),
            (["report", "none"], ["threads"]), (["bench"], ["seconds", "latent"]), (["train"], ["epochs", "lr"]),
            (["sweep"], ["task", "seed"]),
            (["slurm"], ["nodes", "ranks-per-node", "time"]),
            (["import", "images", "none", "--output", "x.h5"], ["threads", "size"]),
        ]
        for (command, names) in flags {
            for name in names {
                let more = command[0] == "sweep" ? ["--grid", "latent=1,2", "--validation-fraction", "0.1"] : []
                // All of a flag at the same time. An empty text means nothing at all where any list is taken.
                let running = try ["-1", "9223372036854775808", "nan", "inf", "-inf", "1e999", ""]
                    .filter { name != "latents" || !$0.isEmpty }
                    .map { value in
                        let arguments = command + more + ["--\(name)", value]
                        return (value, try Program.start(Program.built("mpi-vae"), arguments, folder: folder.url))
                    }
                for (value, program) in running {
                    let outcome = try program.wait(timeout: 60)
                    #expect([64, 78].contains(outcome.status), "\(command) --\(name) '\(value)': \(outcome)")
                    #expect(outcome.errors.split(separator: "\n").count == 1, "\(command) --\(name) '\(value)': \(outcome)")
                }
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }

    /// The list above has every flag that takes a number: those of others are texts.
    @Test func flagsAreKnown() throws {
        let texts: Set = [
            "checkpoint", "data", "output", "progress", "labels", "mask", "weights", "rows", "columns", "feature-names", "format",
            "factors", "batches",
            "clean", "grid", "dtype", "codes", "part", "from", "covariance", "label", "as",
            "fit-data", "normal", "predict", "colour", "csv", "report", "config", "set", "partition", "account", "launcher",
        ]
        let numbers: Set = [
            "threads", "packed-bits", "samples", "code-rows", "held-out", "count", "seed", "components", "fit-rows", "steps",
            "interpolate",
            "latents", "quantile", "draws", "library",
            "seconds", "task", "nodes", "ranks-per-node", "time",
        ]
        let keys = Set(
            try mpiVAE("config").output.split(separator: "\n").filter { $0.contains(" = ") && !$0.hasPrefix("#") }.map {
                String($0.prefix { $0 != " " })
            })
        for command in [
            "train", "sweep", "embed", "evaluate", "reconstruct", "generate", "score", "impute", "export", "report", "bench",
            "slurm", "inspect", "check",
        ] {
            for line in try mpiVAE(command, "--help").output.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count > 1, words[0].hasPrefix("--"), words[1].hasPrefix("<") else { continue }
                let name = String(words[0].dropFirst(2))
                #expect(
                    texts.contains(name) || numbers.contains(name) || keys.contains(name), "\(command) --\(name) is in no list")
            }
        }
    }
}
