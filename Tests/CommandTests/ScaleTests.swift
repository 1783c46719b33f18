import Foundation
import TestSupport
import Testing

/// What a rank takes does not grow with the number of ranks. Memory is the largest resident set of any process (`ru_maxrss`): pages
/// that several ranks share count for each of them in full, and so do 50 MB of libraries.
@Suite(.serialized)
struct ScaleTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func make(_ script: String) throws {
        let made = try Program.python(
            "import h5py, numpy as np, sys\nf = h5py.File(sys.argv[1], 'w')\n" + script, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
    }

    /// The results of all ranks' rows together take 60 MB and more, which no rank may have.
    @Test func scoreAndImputeOn64Ranks() throws {
        try make(
            """
            g = np.random.default_rng(3)
            x = (g.normal(size=(100000, 4)) @ g.normal(size=(4, 80))).astype("f4")
            x[g.random(x.shape) < 0.05] = np.nan
            f["data"] = x
            f["few"] = x[:4000]
            """)
        let data = folder.path("d.h5")
        let trained = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", data + ":/few", "--nan", "mask", "--likelihood", "gaussian", "--hidden", "24", "--latent", "4",
                "--global-batch", "256", "--epochs", "1", "--validation-fraction", "0", "--output", folder.path("run"),
            ])
        #expect(trained.status == 0, "\(trained)")
        func score(_ output: String) -> [String] {
            [
                "score", "--checkpoint", folder.path("run"), "--data", data + ":/data", "--fit-data", data + ":/data", "--output",
                folder.path(output),
            ]
        }
        func impute(_ output: String) -> [String] {
            ["impute", "--checkpoint", folder.path("run"), "--data", data + ":/data", "--output", folder.path(output)]
        }
        let many = try Measured.run([score("s64.h5"), impute("i64.h5")], ranks: 64, limit: 200, timeout: 420)
        for outcome in many { #expect(outcome.status == 0 && outcome.megabytes < 100, "\(outcome)") }
        let few = try Measured.run([score("s3.h5"), impute("i3.h5")], ranks: 3)
        for outcome in few { #expect(outcome.status == 0 && outcome.megabytes < 100, "\(outcome)") }
        for name in ["s", "i"] {
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: folder.path("\(name)64.h5")))
                    == Data(contentsOf: URL(fileURLWithPath: folder.path("\(name)3.h5"))), "\(name)")
        }
    }

    /// A checkpoint of 4 million parameters is 48 MB, and a model in memory 16 MB, which root reads and the ranks share.
    @Test func ranksShareTheParameters() throws {
        try make("f['data'] = np.random.default_rng(4).random((600, 1000)).astype('f4')")
        let data = folder.path("d.h5")
        let train = [
            "train", "--data", data, "--hidden", "2000", "--latent", "4", "--global-batch", "64", "--epochs", "1", "--output",
            folder.path("run"),
        ]
        let planned = try mpiVAE(ranks: 2, train + ["--dry-run"])
        #expect(planned.status == 0, "\(planned)")
        let outcome = try Measured.run([train], ranks: 2)[0]
        #expect(outcome.status == 0, "\(outcome)")
        // What was planned for rank 0, and the half of the other's gradients that it sums, are what it takes beside the libraries.
        let plan = try #require(planned.output.split(separator: "\n").first { $0.hasPrefix("memory ") })
        let numbers = plan.split { " ,;".contains($0) }.compactMap { Double($0) }.filter { $0 != 0 }
        let total = numbers.reduce(0, +) * 1.048576
        #expect(outcome.megabytes - 60 < 1.3 * total && outcome.megabytes > 0.7 * total, "\(plan): \(outcome)")

        func apply(_ command: String, _ more: [String]) -> [String] {
            [command, "--checkpoint", folder.path("run"), "--data", data] + more
        }
        let commands = [
            apply("embed", ["--output", folder.path("e.h5")]), apply("evaluate", []),
            apply("reconstruct", ["--output", folder.path("r.h5")]),
        ]
        for outcome in try Measured.run(commands, ranks: 4) {
            #expect(outcome.status == 0 && outcome.megabytes < 190, "\(outcome)")
        }
    }
}
