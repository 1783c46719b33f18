import Foundation
import TestSupport
import Testing

/// `check` says of every file whether it is good; `inspect` what is in it.
@Suite(.serialized)
struct CheckTests {
    private struct Verdict: Decodable {
        let file: String
        let isGood: Bool
        let kind: String?
    }

    /// The verdicts on some files, in one call that ends as it should.
    private func verdicts(_ files: [String]) throws -> [Verdict] {
        let outcome = try Program.run(Program.built("mpi-vae"), ["check", "--json"] + files)
        let verdicts = try JSONDecoder().decode([Verdict].self, from: Data(outcome.output.utf8))
        #expect(verdicts.map(\.file) == files)
        #expect(outcome.status == (verdicts.contains { !$0.isGood } ? 65 : 0), "\(outcome)")
        #expect(outcome.errorLines.count == (outcome.status == 0 ? 0 : 1), "\(outcome)")
        return verdicts
    }

    @Test func filesThatWeWrite() throws {
        let (folder, digits) = (try TemporaryFolder(), try Fixtures.digits.get())
        let run = folder.path("run")
        let trained = try mpiVAE(
            "train", "--data", digits, "--likelihood", "gaussian", "--hidden", "16", "--epochs", "1", "--output", run)
        #expect(trained.status == 0, "\(trained)")
        let found = try verdicts([digits, "\(run)/best.h5", "\(run)/embeddings.h5"])
        #expect(found.map(\.isGood) == [true, true, true])
        #expect(found.map(\.kind) == ["HDF5 data", "mpi-vae checkpoint", "mpi-vae embeddings"])

        // A parameter changed by somebody who keeps all checksums of HDF5 right: the digest is not.
        let changed = try Program.python(
            "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); f['parameters/encoder/0/bias'][3] += 1", ["\(run)/best.h5"])
        #expect(changed.status == 0, "\(changed)")
        let outcome = try mpiVAE("check", "\(run)/best.h5")
        #expect(outcome.status == 65 && outcome.output.contains("not good: mpi-vae checkpoint"), "\(outcome)")
        #expect(outcome.errorLines.first?.contains("does not match its checksum") == true, "\(outcome)")
    }

    @Test func whatIsSaid() throws {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            x = np.random.default_rng(1).random((100, 6, 2)).astype("f4")
            with h5py.File(d + "good.h5", "w") as f:
                f.create_dataset("data", data=x, chunks=(50, 6, 2), fletcher32=True); f["plain"] = (x * 9).astype("i2")
                f["age"] = [1.0, np.nan]; f["kept"] = x[:, 0] > 0.5
                f.create_dataset("columns", data=np.ones((2000, 100)), chunks=(2000, 1), compression="gzip")
                f.create_dataset("large", data=np.zeros((40000, 500), "f4"), chunks=(500, 500), compression="gzip")
                g = f.create_group("sparse"); g.attrs["encoding-type"] = "csr_matrix"; g.attrs["shape"] = [2, 9]
                g["data"] = [1.0, 2.0, 3.0]; g["indices"] = [0, 1, 0]; g["indptr"] = [0, 2, 3]
            with h5py.File(d + "nan.h5", "w") as f:
                x[41, 3, 1] = np.nan; x[50, 0, 0] = -np.inf; x[60, 0, 0] = np.nan; f["data"] = x
            with h5py.File(d + "sparse.h5", "w") as f:
                g = f.create_group("sparse"); g.attrs["encoding-type"] = "csr_matrix"; g.attrs["shape"] = [2, 9]
                g["data"] = [1.0, 2.0, 3.0]; g["indices"] = [0, 1, 0]; g["indptr"] = [0, 5, 3]
            open(d + "text.h5", "w").write("not hdf5")
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        func check(_ names: String...) throws -> Outcome {
            try Program.run(Program.built("mpi-vae"), ["check"] + names.map { folder.path($0) })
        }
        let good = try check("good.h5")
        #expect(good.status == 0 && good.output.hasPrefix("\(folder.path("good.h5")): good: HDF5 data\n"), "\(good)")
        for line in [
            "  /data  [100, 6, 2] float32: read\n  /kept", "  /plain  [100, 6, 2] int16: read\n    no checksum: damage would not",
            "/age  [2] float64: read\n    1 NaN, first in row 1\n",
            "a row is spread over 100 chunks, slow where rows are shuffled: mpi-vae import --rechunk \(folder.path("good.h5"))",
        ] { #expect(good.output.contains(line), "\(line): \(good)") }
        let bad = try check("nan.h5")
        #expect(bad.status == 65 && bad.output.contains("2 NaN and 1 infinite, first in row 41, column 7\n"), "\(bad)")
        let sparse = try check("sparse.h5")
        #expect(sparse.status == 65 && sparse.output.contains("row 1 ends before it begins"), "\(sparse)")
        #expect(try check("none.h5").status == 66)
        let text = try check("text.h5")
        #expect(text.status == 65 && text.errors.contains("text.h5: is not an HDF5 file"), "\(text)")
        let several = try check("nan.h5", "none.h5", "good.h5")
        #expect(several.status == 65 && several.errorLines.count == 1, "\(several)")
        #expect(several.errorLines[0].contains("2 of 3 files are not good"), "\(several)")
        #expect(try check("good.h5", "none.h5").status == 66)

        let inspected = try mpiVAE("inspect", folder.path("good.h5"))
        #expect(inspected.status == 0, "\(inspected)")
        for text in [
            "/sparse   [2, 9] sparse (CSR), 3 values stored, ", "/kept     [100, 2] int8, 0...1, ", "1...1, 1 NaN, ",
            "/columns  [2000, 100] float64, 1...1, ", " kB (1/30",
            ", chunks [2000, 1], deflate\n    a row is spread over 100 chunks",
            "/large    [40000, 500] float32, about 0...0, ",
            ", chunks [50, 6, 2], fletcher32\n",
        ] { #expect(inspected.output.contains(text), "\(text): \(inspected)") }
    }

    /// Bits flipped and ends cut off at random: noticed, or without effect on the values; never a crash.
    @Test func damageIsNoticed() throws {
        let folder = try TemporaryFolder()
        let source = folder.path("source.csv")
        let rows = (0..<300).map { row in (0..<20).map { "\(Float(row * $0 % 97) / 7)" }.joined(separator: ",") }
        try Data(rows.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: source))
        let imported = try mpiVAE("import", "csv", "--file", source, "--output", folder.path("whole.h5"))
        #expect(imported.status == 0, "\(imported)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path("whole.h5")))
        var generator = SplitMix(state: 11)
        var files: [String] = []
        for index in 0..<200 {
            var damaged = bytes
            let bit = Int(generator.next() % UInt64(bytes.count * 8))
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            files.append(folder.path("flip-\(index)-\(bit).h5"))
            try damaged.write(to: URL(fileURLWithPath: files.last!))
        }
        for index in 0..<60 {
            files.append(folder.path("cut-\(index).h5"))
            try bytes.prefix(Int(generator.next() % UInt64(bytes.count))).write(to: URL(fileURLWithPath: files.last!))
        }
        let found = try verdicts(files)
        let good = found.filter(\.isGood).map(\.file)
        #expect(good.allSatisfy { $0.contains("flip") } && good.count < 40, "\(good)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            whole = h5py.File(sys.argv[1], "r")
            for path in sys.argv[2:]:
                with h5py.File(path, "r") as f:
                    for name in whole: assert (f[name][:] == whole[name][:]).all(), (path, name)
            """, [folder.path("whole.h5")] + good)
        #expect(python.status == 0, "\(python)")
    }
}

/// Seeded random numbers for tests (Steele et al. 2014).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
