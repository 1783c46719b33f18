import Foundation
import TestSupport
import Testing

/// Rows that are read as they are needed give the same bits as rows in memory, however they are stored.
@Suite(.serialized)
struct StreamingTests {
    /// The same rows in many ways, by h5py.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            r = np.random.default_rng(4)
            # Smooth, so that it compresses, in multiples of 1/64, which all floats have.
            x = (np.cumsum(r.integers(-3, 4, (4001, 6, 10)), 2) / 64).astype("f4")
            with h5py.File(d + "x.h5", "w") as f:
                f["plain"] = x
                f.create_dataset("gzip", data=x, chunks=(37, 6, 10), compression="gzip", shuffle=True, fletcher32=True)
                f.create_dataset("columns", data=x, chunks=(101, 4, 3), compression="gzip", compression_opts=9)
                f.create_dataset("big", data=x.astype(">f8"), chunks=(64, 6, 10), shuffle=True, compression="gzip")
                f.create_dataset("checked", data=x.astype("f8"), chunks=(100, 6, 10), fletcher32=True)
                h = f.create_dataset("holes", (4001, 6, 10), "f4", chunks=(50, 6, 10), compression="gzip", fillvalue=0.25)
                h[:1000] = x[:1000]; h[1100:] = x[1100:]
                y = x.copy(); y[1000:1100] = 0.25; f["whole"] = y
                f["weights"] = r.random(4001) + 0.1
                g = f.create_dataset("damaged", data=x, chunks=(50, 6, 10), compression="gzip", fletcher32=True)
                b = f.create_dataset("nan", data=x, chunks=(50, 6, 10), compression="gzip"); b[3999, 5, 9] = np.nan
                place = g.id.get_chunk_info(70).byte_offset
            data = bytearray(open(d + "x.h5", "rb").read()); data[place + 40] ^= 4; open(d + "x.h5", "wb").write(data)
            for i, part in enumerate(np.split(x, [1500, 1501, 3000])):
                with h5py.File(f"{d}part-{i}.h5", "w") as f: f["rows"] = part; f["label"] = np.arange(len(part)) + i * 10000
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func train(
        _ run: String, _ data: String, ranks: Int = 1, _ options: [String] = [], memory: String? = nil
    ) throws -> Outcome {
        let streaming = memory.map { ["--memory", $0] } ?? []
        return try mpiVAE(
            ranks: ranks,
            [
                "train", "--data", Self.files.get().path(data), "--validation-fraction", "0.1", "--likelihood", "gaussian",
                "--scale",
                "standardize", "--hidden", "16", "--latent", "3", "--global-batch", "96", "--epochs", "3", "--mixing-rows", "64",
                "--output", run,
            ] + streaming + options)
    }

    /// Too little for a rank's share of 3,601 rows of 252 bytes, but enough for two windows of 64 rows of each of its shards.
    private static func little(_ ranks: Int) -> String { [1: "400K", 2: "300K", 3: "200K", 5: "150K", 8: "100K"][ranks]! }

    private func isSame(_ run: String, _ other: String) throws -> Bool {
        func files(_ run: String) throws -> [Data] {
            try [newestCheckpoint(run), Data(contentsOf: URL(fileURLWithPath: "\(run)/best.h5"))]
        }
        return try files(run) == files(other) && metrics(run) == metrics(other)
    }

    @Test func inMemoryStreamedAndResumed() throws {
        let folder = try TemporaryFolder()
        let memory = folder.path("memory")
        let first = try train(memory, "x.h5:/plain")
        #expect(first.status == 0 && !first.errors.contains("read their rows again"), "\(first)")
        for ranks in [1, 3, 8] {
            let run = folder.path("\(ranks)")
            let outcome = try train(
                run, "x.h5:/gzip", ranks: ranks, ["--reader-threads", "\(ranks == 1 ? 3 : 1)"], memory: Self.little(ranks))
            #expect(outcome.status == 0 && outcome.errors.contains("read their rows again in every epoch"), "\(outcome)")
            #expect(try isSame(run, memory), "\(ranks) ranks")
        }
        let refused = try train(folder.path("x"), "x.h5:/gzip", ranks: 2, memory: "100K")
        #expect(refused.status == 65 && refused.errors.contains("--mixing-rows below 64"), "\(refused)")
        // Stopped in the middle of the second epoch, streamed by 3 ranks; gone on with by 2, the first steps in memory.
        let resumed = folder.path("resumed")
        #expect(try train(resumed, "x.h5:/gzip", ranks: 3, ["--max-steps", "50"], memory: Self.little(3)).status == 0)
        #expect(try train(resumed, "x.h5:/plain", ranks: 2, ["--max-steps", "61"]).status == 0)
        #expect(try train(resumed, "x.h5:/gzip", ranks: 5, memory: Self.little(5)).status == 0)
        #expect(try isSame(resumed, memory))
        for name in ["3/embeddings.h5", "resumed/embeddings.h5"] {
            let difference = try Program.run(
                "/usr/bin/h5diff", [folder.path(name), folder.path("memory/embeddings.h5"), "/latent", "/latent"])
            #expect(difference.status == 0, "\(difference)")
        }
    }

    /// Chunks across columns, other orders of bytes, other types, chunks that were never written, several files.
    @Test(arguments: [
        ("x.h5:/columns", "x.h5:/plain"), ("x.h5:/big", "x.h5:/plain"), ("x.h5:/checked", "x.h5:/plain"),
        ("x.h5:/holes", "x.h5:/whole"), ("part-*.h5:/rows", "x.h5:/plain"),
    ])
    func howeverStored(stored: String, plain: String) throws {
        let folder = try TemporaryFolder()
        // The fingerprint tells the types apart; nothing else may.
        func losses(_ name: String, _ data: String, ranks: Int, memory: String?) throws -> [[Substring]] {
            let outcome = try train(folder.path(name), data, ranks: ranks, ["--epochs", "2"], memory: memory)
            #expect(outcome.status == 0 && outcome.errors.contains("read their rows again") == (memory != nil), "\(outcome)")
            return try metrics(folder.path(name))
        }
        let expected = try losses("plain", plain, ranks: 1, memory: nil)
        #expect(try losses("memory", stored, ranks: 2, memory: nil) == expected)
        #expect(try losses("streamed", stored, ranks: 3, memory: "250K") == expected)
    }

    @Test func weightsOfRows() throws {
        let folder = try TemporaryFolder()
        let options = ["--weights", "/weights"]
        #expect(try train(folder.path("1"), "x.h5:/plain", options).status == 0)
        #expect(try train(folder.path("3"), "x.h5:/gzip", ranks: 3, options, memory: Self.little(3)).status == 0)
        #expect(try isSame(folder.path("3"), folder.path("1")))
        #expect(try train(folder.path("none"), "x.h5:/plain").status == 0)
        #expect(try metrics(folder.path("none")) != metrics(folder.path("1")))
    }

    /// Damage and bad values that show only in the middle of an epoch end the job with one line.
    @Test(arguments: [("damaged", "is damaged: the chunk at row 3500"), ("nan", "row 3999, column 59 is not a number")])
    func badRows(name: String, text: String) throws {
        let folder = try TemporaryFolder()
        for (memory, reduction) in [(nil, "ordered"), (Self.little(3), "ordered"), (Self.little(3), "allreduce")] {
            let outcome = try train(
                folder.path("run"), "x.h5:/\(name)", ranks: 3, ["--scale", "none", "--reduction", reduction], memory: memory)
            #expect(outcome.status == 65 && outcome.errorLines.count == 1 && !outcome.timedOut, "\(outcome)")
            #expect(outcome.errors.contains(text), "\(outcome)")
        }
    }
}
