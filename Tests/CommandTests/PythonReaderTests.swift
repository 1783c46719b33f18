import Foundation
import TestSupport
import Testing

/// `python/mpivae`, by its own tests on runs of the program.
struct PythonReaderTests {
    @Test func readers() throws {
        let folder = try TemporaryFolder()
        let (digits, cells) = (try Fixtures.digits.get(), folder.path("cells.h5ad"))
        let made = try Program.python(
            """
            import anndata, numpy as np, sys
            counts = np.random.default_rng(1).poisson(2., (120, 30)).astype("f4")
            cells = anndata.AnnData(counts)
            cells.obs_names = [f"cell-{i}" for i in range(120)]
            cells.obs["batch"] = ["abc"[i % 3] for i in range(120)]
            cells.write_h5ad(sys.argv[1])
            """, [cells])
        #expect(made.status == 0, "\(made)")
        let (run, other) = (folder.path("run"), folder.path("other"))
        for (data, output, more) in [
            (digits, run, ["--scale", "min-max"]), (cells, other, ["--likelihood", "poisson", "--condition", "batch"]),
        ] {
            let words = ["train", "--data", data, "--output", output, "--epochs", "2", "--hidden", "16", "--latent", "3"]
            let trained = try mpiVAE(
                ranks: 2, words + ["--validation-fraction", "0.2", "--global-batch", "64", "--no-report"] + more)
            #expect(trained.status == 0, "\(trained)")
        }
        let python = repositoryPath("python")
        let tests = try Program.run(
            "/usr/bin/python3", ["\(python)/tests/test_mpivae.py"],
            environment: ["PYTHONPATH": python, "RUN": run, "DATA": digits, "CELLS": other, "ADATA": cells])
        #expect(tests.status == 0 && tests.errors.contains("OK"), "\(tests)")
    }
}
