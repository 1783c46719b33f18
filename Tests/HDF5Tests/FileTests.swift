import Foundation
import HDF5
import TestSupport
import Testing

/// Files that we write, read by h5py; files that h5py writes, read by us.
struct FileTests {
    /// What one process read of attributes others have from it, whatever their file says; what it did not ask for is refused.
    @Test func recordsOfAttributes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("x.h5")
        let first: [(String, AttributeValue)] = [
            ("text", .string("größer")), ("texts", .strings(["x", ""])), ("number", .integer(.max)), ("none", .double(.nan)),
            ("numbers", .doubles([0.1, -.infinity])),
        ]
        func write(_ attributes: [(String, AttributeValue)]) throws -> File {
            let file = try File.inMemory("x")
            for (name, value) in attributes { try file.setAttribute(name, value) }
            try AtomicFile.write(try file.closeInMemory(), to: path)
            return try File.open(path)
        }
        let record = AttributeRecord()
        let read = try record.recording { [file = try write(first)] in
            #expect(try file.attribute("missing") == nil && file.hasAttribute("text", of: "/"))
            return try first.map { try file.attribute($0.0) }
        }
        let others = try write([("text", .string("small")), ("missing", .integer(1)), ("new", .integer(1))])
        try AttributeRecord(record.encoded()).playing {
            for ((name, _), value) in zip(first, read) {
                // NaN is not itself.
                if name == "none" { continue }
                #expect(try others.attribute(name) == value)
            }
            guard case .double(let none) = try others.attribute("none") else { throw CannotRun(description: "no number") }
            #expect(try none.isNaN && others.attribute("missing") == nil && others.hasAttribute("text", of: "/"))
            #expect(throws: HDF5Error.self) { try others.attribute("new") }
        }
        #expect(try others.attribute("text") == .string("small") && others.attribute("new") == .integer(1))
    }

    @Test func h5pyReadsWhatWeWrite() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("ours.h5")
        let file = try File.inMemory("ours")
        try file.write([1.5, -2, 3, 4, 5, 6] as [Float], shape: [3, 2], to: "/a/b/floats")
        try file.write((0..<100_000).map { Int64($0) * 3 }, shape: [100_000], to: "/numbers", compressed: true)
        let strings = try file.createStrings("/names", count: 3)
        try strings.write(["é", "", "three"], rows: 0..<3)
        try file.setAttribute("title", .string("größer"))
        try file.setAttribute("count", .integer(-7))
        try file.setAttribute("scale", .double(0.25), of: "/a/b/floats")
        try file.setAttribute("parts", .strings(["x", "yy"]), of: "/a")
        try file.nameDimensions(of: "/a/b/floats", ["sample", "latent"])
        try AtomicFile.write(try file.closeInMemory(), to: path)
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1], "r")
            d = f["a/b/floats"]
            assert d.dtype == np.float32 and (d[:] == [[1.5, -2], [3, 4], [5, 6]]).all()
            assert d.fletcher32 and d.chunks == (3, 2) and d.compression is None
            assert [x.label for x in d.dims] == ["sample", "latent"]
            n = f["numbers"]
            assert n.dtype == np.int64 and (n[:] == np.arange(100000) * 3).all()
            assert n.fletcher32 and n.compression == "gzip" and n.shuffle
            assert [x.decode() for x in f["names"][:]] == ["é", "", "three"]
            assert f.attrs["title"] == "größer" and f.attrs["count"] == -7 and d.attrs["scale"] == 0.25
            assert list(f["a"].attrs["parts"]) == ["x", "yy"]
            print("read", sorted(f))
            """, [path])
        #expect(python.status == 0 && python.output == "read ['a', 'names', 'numbers']\n", "\(python)")
        let dump = try Program.run("/usr/bin/h5dump", ["-d", "/a/b/floats", path])
        #expect(dump.status == 0 && dump.output.contains("(2,0): 5, 6"), "\(dump)")
    }

    @Test func sameContentSameBytes() throws {
        func image() throws -> [UInt8] {
            let file = try File.inMemory("twice")
            try file.write([1, 2, 3] as [Double], shape: [3], to: "/x/y")
            try file.setAttribute("name", .string("value"))
            return try file.closeInMemory()
        }
        let first = try image()
        // Times in the file would have whole seconds.
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try image() == first)
    }

    /// Every width, either order of bytes, half precision, one to four dimensions, chunked, compressed, or neither.
    @Test func weReadWhatH5pyWrites() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("theirs.h5")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1], "w")
            x = np.arange(24).reshape(6, 4)
            for t in ["i1", "u1", "<i2", ">i2", "<u2", ">u4", "<i4", ">i8", "<u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
                f["plain/" + t.replace("<", "l").replace(">", "b")] = x.astype(t)
            f.create_dataset("chunked", data=x.astype("f4"), chunks=(4, 3))
            f.create_dataset("gzip", data=x.astype("f4"), chunks=(2, 2), compression="gzip", shuffle=True)
            f.create_dataset("one", data=np.arange(24.))
            f.create_dataset("four", data=np.arange(24.).reshape(2, 3, 2, 2))
            f["fixed"] = np.array([b"ab", b"cde"])
            f["vlen"] = ["ab", "cdé"]
            f["scalar"] = 3.5
            f.attrs["n"] = 3; f.attrs["x"] = 1.5; f.attrs["s"] = "text"; f.attrs["b"] = np.bytes_("fixed"); f.attrs["l"] = [1., 2.]
            """, [path])
        #expect(python.status == 0, "\(python)")
        let file = try File.open(path)
        let expected = (0..<24).map(Float.init)
        #expect(try file.children(of: "/plain").count == 15)
        for name in try file.children(of: "/plain") {
            let dataset = try file.dataset("/plain/\(name)")
            #expect(try dataset.read(Float.self) == expected, "\(name)")
            #expect(dataset.type.isNumeric && dataset.type.isBigEndian == name.hasPrefix("b"), "\(name): \(dataset.type)")
            #expect(try dataset.read(Float.self, rows: 2..<4) == Array(expected[8..<16]), "\(name), some rows")
        }
        for name in ["chunked", "gzip", "one", "four"] {
            let dataset = try file.dataset("/\(name)")
            #expect(try dataset.read(Float.self) == expected, "\(name)")
            try dataset.checkStorage()
        }
        #expect(try file.dataset("/chunked").chunkShape == [4, 3])
        #expect(try file.dataset("/gzip").filters == ["shuffle", "deflate"])
        #expect(try file.dataset("/four").shape == [2, 3, 2, 2] && file.dataset("/four").rowSize == 12)
        #expect(try file.dataset("/four").read(Double.self, rows: 1..<2) == (12..<24).map(Double.init))
        #expect(try file.dataset("/fixed").readStrings(rows: 0..<2) == ["ab", "cde"])
        #expect(try file.dataset("/vlen").readStrings(rows: 1..<2) == ["cdé"])
        #expect(try file.dataset("/scalar").read(Double.self) == [3.5])
        #expect(try file.attribute("n") == .integer(3) && file.attribute("x") == .double(1.5))
        #expect(try file.attribute("s") == .string("text") && file.attribute("b") == .string("fixed"))
        #expect(try file.attribute("l") == .doubles([1, 2]) && file.attribute("none") == nil)
        #expect(try file.datasetPaths().count == 22)
        #expect(try file.item("/plain") == .group && file.item("/plain/none") == nil && file.item("/none/x") == nil)
    }

    @Test func errorsSayWhatIsWrong() throws {
        let folder = try TemporaryFolder()
        func kind(_ path: String) -> HDF5Error.Kind? {
            do {
                _ = try File.open(path)
                return nil
            } catch {
                #expect(error.description.contains(path) && !error.description.contains("\n"))
                return error.kind
            }
        }
        #expect(kind(folder.path("none.h5")) == .missingFile)
        #expect(kind(folder.url.path) == .notHDF5)
        #expect(kind("/dev/null") == .notHDF5)
        try Data("garbage".utf8).write(to: folder.url.appendingPathComponent("garbage.h5"))
        #expect(kind(folder.path("garbage.h5")) == .notHDF5)
        try Data().write(to: folder.url.appendingPathComponent("empty.h5"))
        #expect(kind(folder.path("empty.h5")) == .notHDF5)

        let memory = try File.inMemory("cut")
        try memory.write([Float](repeating: 1, count: 5000), shape: [5000], to: "/x")
        let bytes = try memory.closeInMemory()
        for length in stride(from: 100, to: bytes.count - 1, by: 997) {
            try Data(bytes.prefix(length)).write(to: folder.url.appendingPathComponent("cut.h5"))
            #expect(kind(folder.path("cut.h5")) == .inputOutput, "cut to \(length) of \(bytes.count) bytes")
        }
    }

    /// Flipped bits are an error or make no difference, never other values.
    @Test func flippedBitsAreNoticed() throws {
        let folder = try TemporaryFolder()
        let values = (0..<4000).map { sin(Float($0)) }
        let memory = try File.inMemory("flip")
        try memory.write(values, shape: [400, 10], to: "/x")
        let bytes = try memory.closeInMemory()
        var generator = SplitMix(state: 3)
        var noticed = 0
        for _ in 0..<80 {
            var damaged = bytes
            let bit = Int(generator.next() % UInt64(bytes.count * 8))
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try Data(damaged).write(to: folder.url.appendingPathComponent("flip.h5"))
            do {
                #expect(try File.open(folder.path("flip.h5")).dataset("/x").read(Float.self) == values, "bit \(bit)")
            } catch {
                noticed += 1
            }
        }
        #expect(noticed > 60)
    }

    /// Data that lie in other files, or nowhere, are refused; no other file is touched.
    @Test func hostileFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("hostile.h5")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            h5py.File(sys.argv[2], "w")["secret"] = np.ones((3, 2))
            f = h5py.File(sys.argv[1], "w", libver="latest")
            f["link"] = h5py.ExternalLink(sys.argv[2], "/secret")
            f["group/inner"] = np.ones(3)
            f["deep"] = h5py.ExternalLink(sys.argv[2], "/")
            layout = h5py.VirtualLayout((3, 2), "f8"); layout[:] = h5py.VirtualSource(sys.argv[2], "secret", (3, 2))
            f.create_virtual_dataset("virtual", layout)
            p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_external(b"/etc/hostname", 0, 4)
            h5py.h5d.create(f.id, b"external", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((1,)), p)
            f.create_dataset("claim", (2**40, 64), "f4", chunks=(1024, 64))
            f.create_dataset("lzf", data=np.ones((100, 2)), compression="lzf")
            f["loop"] = h5py.SoftLink("/loop")
            """, [path, folder.path("secret.h5")])
        #expect(python.status == 0, "\(python)")
        let file = try File.open(path)
        for (name, kind, word) in [
            ("/link", HDF5Error.Kind.refused, "link to another file"), ("/deep/secret", .refused, "link to another file"),
            ("/virtual", .refused, "virtual"), ("/external", .refused, "other files"), ("/loop", .missingObject, "not there"),
            ("/claim", .unsuitable, "never written"), ("/lzf", .unsuitable, "lzf"),
        ] {
            do {
                try file.dataset(name).checkStorage()
                Issue.record("\(name) was not refused")
            } catch {
                #expect(error.kind == kind && error.description.contains(word), "\(error)")
            }
        }
    }
}

/// Seeded random numbers for tests (Steele et al. 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
