import Foundation
import TestSupport
import Testing

/// ProdLDA on texts that are made by latent Dirichlet allocation: its topics are found again.
struct TopicModelTests {
    @Test func topics() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(5)
            topics = g.dirichlet(np.full(2000, 0.02), 20)
            shares = g.dirichlet(np.full(20, 0.1), 5500)
            counts = np.stack([g.multinomial(g.poisson(100) + 20, p / p.sum()) for p in shares @ topics])
            with h5py.File(sys.argv[1] + "/texts.h5", "w") as f:
                for name, rows in [("train", slice(0, 5000)), ("test", slice(5000, 5500))]:
                    f[f"{name}/data"], f[f"{name}/shares"] = counts[rows].astype("i4"), shares[rows]
                    f[f"{name}/feature_names"] = [f"word{i}" for i in range(2000)]
                f["topics"] = topics
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let (data, run) = (folder.path("texts.h5"), folder.path("run"))
        let trained = try mpiVAE(
            arguments: [
                "train", "--data", "\(data):/train", "--model", "prodlda", "--latent", "20", "--shards", "1", "--epochs", "60",
                "--output", run,
            ])
        #expect(trained.status == 0, "\(trained)")
        let decoded = try mpiVAE(
            "reconstruct", "--checkpoint", run, "--data", "\(data):/test", "--output", folder.path("decoded.h5"))
        #expect(decoded.status == 0, "\(decoded)")
        let embedded = try mpiVAE(
            "embed", "--checkpoint", run, "--data", "\(data):/test", "--output", folder.path("codes.h5ad"))
        #expect(embedded.status == 0, "\(embedded)")
        let read = try Program.python(
            """
            import csv, h5py, numpy as np, sys
            from scipy.optimize import linear_sum_assignment
            d = sys.argv[1]
            f = h5py.File(d + "/texts.h5")
            truth = [set(np.argsort(-t)[:10]) for t in f["topics"][:]]
            found = [set() for _ in range(20)]
            for line in csv.DictReader(open(d + "/run/topics.csv")):
                if int(line["rank"]) <= 10: found[int(line["topic"])].add(int(line["word"][4:]))
            shared = np.array([[len(a & b) for b in found] for a in truth]) / 10
            rows, columns = linear_sum_assignment(-shared)
            counts = f["test/data"][:]
            def perplexity(p): return np.exp(-(counts * np.log(p)).sum() / counts.sum())
            means = h5py.File(d + "/decoded.h5")["data"][:].astype("f8")
            known = f["test/shares"][:] @ f["topics"][:]
            always = f["train/data"][:].sum(0) + 1.
            # A text's shares of the topics: softmax of its code, and near the true ones where a topic is most of it.
            codes = h5py.File(d + "/codes.h5ad")["obsm"]
            z, given = codes["X_vae"][:].astype("f8"), codes["vae_topic_shares"][:]
            e = np.exp(z - z.max(1, keepdims=True))
            assert given.dtype == np.float32 and np.abs(given - e / e.sum(1, keepdims=True)).max() < 1e-6
            with h5py.File(d + "/run/embeddings.h5") as run:
                z, all_shares = run["latent/mean"][:].astype("f8"), run["topic_share"][:]
                e = np.exp(z - z.max(1, keepdims=True))
                assert np.abs(all_shares - e / e.sum(1, keepdims=True)).max() < 1e-6 and run["topic_share"].attrs["long_name"]
            true_shares = f["test/shares"][:][:, rows]
            mostly = true_shares.max(1) > 0.7
            right = (given[:, columns].argmax(1) == true_shares.argmax(1))[mostly].mean()
            assert mostly.sum() > 50 and right > 0.9, (mostly.sum(), right)
            print(shared[rows, columns].mean(), perplexity(means / means.sum(1, keepdims=True)), perplexity(np.maximum(known, 1e-300)),
                  perplexity(np.tile(always / always.sum(), (500, 1))))
            """, [folder.url.path])
        let figures = read.output.split(separator: " ").compactMap { Double($0.trimmingCharacters(in: .newlines)) }
        try #require(figures.count == 4, "\(read)")
        #expect(figures[0] > 0.6, "of a topic's ten words most are found: \(read.output)")
        #expect(
            figures[1] < 1.5 * figures[2] && figures[1] < 0.5 * figures[3],
            "perplexity, with the truth's and the corpus's: \(read.output)")
        let page = try String(contentsOfFile: "\(run)/report.html", encoding: .utf8)
        let words = try String(contentsOfFile: "\(run)/topics.csv", encoding: .utf8).split(separator: "\n")[1...10].map {
            $0.split(separator: ",")[2]
        }
        #expect(page.contains("Topics") && page.contains(words.joined(separator: " ")))
    }

    @Test func explained() throws {
        let outcome = try mpiVAE("train", "--model", "prodlda", "--explain", "--latent", "7")
        for part in ["decoder/0  softmax", "theta = softmax(z)", "Srivastava & Sutton 2017", "likelihood multinomial"] {
            #expect(outcome.output.contains(part), "\(outcome)")
        }
    }

    /// One line, and the code that it deserves.
    @Test func refused() throws {
        let fractions = try mpiVAE(
            "train", "--model", "prodlda", "--data", try Fixtures.digits.get(), "--scale", "min-max")
        #expect(fractions.status == 78 && fractions.errors.contains("multinomial takes values as they are"), "\(fractions)")
        for (flags, text) in [
            (["--model", "vae", "--concentration", "0.1"], "concentration is for --model prodlda"),
            (["--model", "prodlda", "--latent", "1"], "has 2 topics at least"),
        ] {
            let outcome = try mpiVAE(arguments: ["train"] + flags)
            #expect(outcome.status == 78 && outcome.errors.contains(text), "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
    }
}
