import Foundation
import TestSupport
import Testing

/// Models by their names, on 64 rows of counts: the same bits on any number of ranks and with fewer instructions, and applied afterwards.
@Suite(.serialized)
struct PresetTests {
    private static let counts = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(11)
            types, batch = g.integers(0, 3, 64), g.integers(0, 2, 64)
            rates = np.exp(g.normal(size=(3, 20))[types] + 0.8 * g.normal(size=(2, 20))[batch])
            with h5py.File(sys.argv[1] + "/counts.h5", "w") as f:
                f["data"], f["batch"] = g.poisson(rates).astype("f4"), batch
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    /// What each takes besides; `ae` and `vae` are all other tests'.
    private static let options: [String: [String]] = [
        "scvi": ["--condition", "/batch"], "cvae": ["--condition", "/batch", "--likelihood", "poisson"],
        "mult-vae": [], "prodlda": ["--hidden", "8,6"], "scanvi": ["--labels", "/batch"], "pca": ["--hidden", "none"],
        "beta-vae": ["--likelihood", "gaussian"],
        "denoising": ["--likelihood", "gaussian"],
    ]

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: ["beta-vae", "cvae", "denoising", "mult-vae", "pca", "prodlda", "scanvi", "scvi"])
    func sameBits(model: String) throws {
        let data = try Self.counts.get().path("counts.h5")
        func train(_ run: String, ranks: Int, environment: [String: String] = [:]) throws -> Substring? {
            var arguments = ["train", "--data", data, "--model", model, "--output", folder.path(run)]
            arguments += [
                "--hidden", "8", "--latent", "3", "--epochs", "4", "--global-batch", "32", "--shards", "4", "--no-report",
            ]
            arguments += Self.options[model]!
            let outcome =
                try ranks == 1
                ? mpiVAE(arguments: arguments, environment: environment)
                : mpiVAE(ranks: ranks, arguments, environment: environment)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.errors.split(separator: "\n").last { $0.contains("digest after") }
        }
        let digest = try train("one", ranks: 1)
        #expect(digest != nil)
        #expect(try train("three", ranks: 3) == digest)
        #expect(try train("scalar", ranks: 1, environment: ["MPI_VAE_ISA": "scalar"]) == digest)
        let input = ["--checkpoint", folder.path("one"), "--data", data]
        for command in ["embed", "reconstruct", "score"] {
            let outcome = try mpiVAE(arguments: [command] + input + ["--output", folder.path("\(command).h5")])
            #expect(outcome.status == 0, "\(command): \(outcome)")
        }
        let outcome = try mpiVAE(arguments: ["evaluate"] + input + ["--json"])
        #expect(outcome.status == 0, "\(outcome)")
    }
}
