import Foundation
import TestSupport
import Testing

/// Networks as users give them: presets and lists of blocks, from the table of layers to all that is done with a trained model.
@Suite(.serialized)
struct NetworkTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func train(_ run: String, ranks: Int = 1, _ options: [String]) throws -> Outcome {
        let arguments =
            [
                "train", "--data", "\(try Fixtures.fashion.get())", "--rows", "0:600", "--global-batch", "120", "--shards", "2",
                "--latent", "3",
                "--epochs", "2", "--validation-fraction", "0.1", "--no-report", "--output", folder.path(run),
            ] + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    /// The layers of the model, with what each makes and takes; nothing is written.
    @Test func explained() throws {
        let outcome = try train("none", ["--network", "conv", "--channels", "32,64", "--hidden", "256", "--explain"])
        let lines = outcome.output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        }
        try #require(outcome.status == 0 && lines.count == 13, "\(outcome)")
        #expect(outcome.output.hasPrefix("rows of shape [28, 28], taken as hw: 28x28 with 1 channel\n"))
        #expect(lines[2] == ["encoder/0", "conv", "32", "k4", "s2", "p1,", "relu", "14x14x32", "544", "0.201", "24.5"])
        #expect(lines[4] == ["encoder/2", "dense", "256,", "relu", "256", "803072", "1.606", "1.0"])
        #expect(lines[9].suffix(4) == ["28x28x1", "513", "0.201", "3.1"])
        #expect(lines[10][0] == "all" && !FileManager.default.fileExists(atPath: folder.path("none")))
        // As many as the run says.
        let trained = try train("some", ["--network", "conv", "--channels", "32,64", "--hidden", "256", "--dry-run"])
        #expect(trained.errors.contains(", \(lines[10][1]) parameters"), "\(trained)")
    }

    /// What does not fit ends with one message, the table up to there, and 78.
    @Test(arguments: [
        (
            ["--encoder", "conv 8 k4 s2 p1, relu, conv 8 k20"],
            "block 1 \"conv 8 k20\", for rows of [14, 14, 8]: a kernel that reaches over 20", 1
        ),
        (["--network", "conv", "--channels", "4,4,4,4,4,4"], "network conv does not fit rows of shape [28, 28]: block 4", 4),
        (["--decoder", "dense 20, dense 783"], "the decoder gives rows of [783], not of [784]", 1),
        (["--decoder", "dense 784, tanh"], "the decoder ends with tanh", 1),
        (
            ["--encoder", "conv 8 k4, attention 2"],
            "block 1 \"attention 2\", for rows of [25, 25, 8]: takes rows of [positions, channels]", 1
        ),
        (["--network", "conv3d"], "network conv3d does not fit rows of shape [28, 28]", 0),
    ])
    func misfits(options: [String], message: String, rows: Int) throws {
        // Whoever asks gets the same.
        for command in rows == 4 ? [[], ["--explain"], ["--dry-run"]] : [["--explain"]] {
            let outcome = try train("none", ranks: command.isEmpty ? 2 : 1, options + command)
            #expect(outcome.status == 78 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.contains(message), "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count { $0.hasPrefix("encoder/") } == rows, "\(outcome)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("none")))
    }

    /// Every preset and lists of all kinds: trained on 1 and 2 ranks, applied to all ends, gone on with.
    @Test(arguments: [
        ["--network", "resnet", "--channels", "4,6", "--hidden", "12", "--normalization", "batch"],
        ["--network", "conv1d", "--channels", "8,8", "--hidden", "12", "--normalization", "group"],
        ["--network", "attention", "--channels", "16", "--hidden", "12"],
        [
            "--encoder", "dense 20, batch-norm, gelu, dropout 0.2", "--likelihood", "gaussian-learned", "--decoder",
            "dense 30, tanh, dense 2x28x28",
        ],
    ])
    func ends(options: [String]) throws {
        let first = try train("1", options)
        try #require(first.status == 0, "\(first)")
        let two = try train("2", ranks: 2, options)
        #expect(try two.status == 0 && newestCheckpoint(folder.path("2")) == newestCheckpoint(folder.path("1")), "\(two)")
        let data = ["--checkpoint", folder.path("1"), "--data", try Fixtures.fashion.get(), "--rows", "600:700"]
        // Scores of maps take a while: their activations are many.
        let others = options.contains("--decoder") ? [("score", []), ("evaluate", ["--samples", "3"])] : []
        for (command, more) in [("embed", []), ("reconstruct", [])] + others {
            let output = command == "evaluate" ? [] : ["--output", folder.path("\(command).h5")]
            let outcome = try mpiVAE(arguments: [command] + data + more + output)
            #expect(outcome.status == 0, "\(command): \(outcome)")
        }
        let samples = try mpiVAE(
            "generate", "--checkpoint", folder.path("1"), "--count", "4", "--output", folder.path("samples.h5"))
        #expect(samples.status == 0, "\(samples)")
        let more = try train("1", options + ["--epochs", "3"])
        let straight = try train("3", options + ["--epochs", "3"])
        #expect(more.status == 0 && straight.status == 0, "\(more) \(straight)")
        let digest = try #require(straight.errors.firstMatch(of: /digest after step 15: [0-9a-f]{64}/)).output
        #expect(more.errors.contains(digest), "\(more)")
        let other = try train("1", options + ["--epochs", "4", "--encoder", "dense 9"])
        #expect(other.status == 78 && other.errors.contains("encoder is"), "\(other)")
    }

    /// Rows that are taken together are told of where they are few.
    @Test func fewRowsTogether() throws {
        let outcome = try train("few", ["--hidden", "8", "--normalization", "batch", "--shards", "8"])
        #expect(outcome.status == 0 && outcome.errors.contains("which are only 15 in a step: give fewer --shards"), "\(outcome)")
    }
}
