import Foundation
import TestSupport
import Testing

/// Folders of images become what Pillow and numpy make of the same files.
@Suite(.serialized)
struct ImageImportTests {
    /// Python that runs before each script: `d` is a folder, `png` writes PNG files of any kind, which Pillow cannot.
    private static let prelude = """
        import h5py, numpy as np, os, struct, sys, zlib
        from PIL import Image
        d = sys.argv[1] + "/"
        def chunk(name, data): return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        def rows(x, bits):
            if bits == 16: x = x.astype(">u2")
            b = [r.tobytes() if bits >= 8 else np.packbits(
                (r.reshape(-1, 1) >> np.arange(bits - 1, -1, -1)) & 1).tobytes() for r in x.reshape(len(x), -1)]
            return b"".join(b"\\0" + r for r in b)
        def png(path, x, bits, kind, extra=b"", adam7=False, size=None):
            h, w = size or x.shape[:2]
            passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
            data = b"".join(rows(x[a::s, b::t], bits) for a, b, s, t in passes) if adam7 else rows(x, bits)
            head = struct.pack(">IIBBBBB", w, h, bits, kind, 0, 0, int(adam7))
            open(path, "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + extra
                + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))
        def luma(x): return (x.astype(int) @ [19595, 38470, 7471] + 0x8000) >> 16
        r = np.random.default_rng(1)
        def photo(h, w):
            y, x = np.mgrid[:h, :w]
            return np.stack([128 + 100 * np.sin(x / 7 + i) * np.cos(y / 5 - i) for i in range(3)], 2).astype("u1")

        """

    private func python(_ script: String, _ arguments: String...) throws {
        let outcome = try Program.python(Self.prelude + script, arguments)
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func imported(_ arguments: String...) throws -> Outcome {
        let outcome = try Program.run(Program.built("mpi-vae"), ["import", "images"] + arguments)
        #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 1, "\(outcome)")
        return outcome
    }

    /// Expects the status, one line with the texts, and no output.
    private func refused(_ status: Int32, _ texts: [String], _ arguments: String...) throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run(
            Program.built("mpi-vae"), ["import", "images"] + arguments + ["--output", folder.path("x.h5")], timeout: 20)
        #expect(outcome.status == status && outcome.errorLines.count == 1 && outcome.output.isEmpty, "\(arguments): \(outcome)")
        for text in texts { #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }

    @Test func pngOfEveryKind() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            for name in ["i", "g"]: os.mkdir(d + name)
            def depths(kind): return {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}[kind]
            def over(x, a): return (x.astype(int) * a + 127) // 255
            want = {}
            for kind, channels in [(0, 1), (2, 3), (3, 1), (4, 2), (6, 4)]:
                for bits in depths(kind):
                    # libpng reads 16 bits interlaced wrongly, so that is refused.
                    for adam7 in [False, True][:2 - (bits == 16)]:
                        x = r.integers(0, 2**bits, (9, 13, channels))
                        x = x.astype("u2" if bits == 16 else "u1")
                        name = "k%d-%02d-%d.png" % (kind, bits, adam7)
                        palette = r.integers(0, 256, (2**bits, 3)).astype("u1") if kind == 3 else None
                        shades = r.integers(0, 256, 2**bits).astype("u1") if kind == 3 and adam7 else None
                        extra = b"" if kind != 3 else chunk(b"PLTE", palette.tobytes())
                        if shades is not None: extra += chunk(b"tRNS", shades.tobytes())
                        png(d + "i/" + name, x, bits, kind, extra, adam7)
                        if kind == 0: png(d + "g/" + name, x, bits, kind, extra, adam7)
                        v = np.rint(x / (2**bits - 1) * 255).astype(int)
                        if kind == 3: v = palette[x[..., 0]] if shades is None else over(palette[x[..., 0]], shades[x])
                        if kind in (4, 6): v = over(v[..., :-1], v[..., -1:])
                        want[name] = np.broadcast_to(v, (9, 13, 3))
                        if bits == 8 and kind != 3:
                            p = Image.open(d + "i/" + name); back = Image.new("RGBA", p.size, (0, 0, 0, 255))
                            back.paste(p.convert("RGBA"), mask=p.convert("RGBA").getchannel("A"))
                            assert (np.asarray(back)[..., :3] == want[name]).all(), name
            np.savez(d + "want.npz", **want)
            os.mkdir(d + "j"); png(d + "j/x.png", r.integers(0, 2**16, (9, 13, 1)), 16, 0, b"", True)
            """, folder.url.path)
        try refused(65, ["x.png", "interlaced PNG of 16 bits"], folder.path("j"))
        for (name, source, options) in [("rgb", "i", []), ("gray", "i", ["--gray"]), ("g", "g", []), ("grgb", "g", ["--rgb"])] {
            let outcome = try Program.run(
                Program.built("mpi-vae"),
                ["import", "images", folder.path(source), "--output", folder.path("all.h5"), "--name", name] + options)
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        }
        try python(
            """
            f = h5py.File(d + "all.h5", "r"); want = np.load(d + "want.npz")
            for group, source in [("rgb", "i"), ("gray", "i"), ("g", "g"), ("grgb", "g")]:
                ids = [x.decode() for x in f[group]["id"][:]]
                assert ids == sorted(os.listdir(d + source)) and "label" not in f[group], ids
                for x, name in zip(f[group]["data"], ids):
                    w = want[name] if "rgb" in group else luma(want[name]) if group == "gray" else want[name][..., 0]
                    assert x.dtype == np.uint8 and x.shape == w.shape and (x == w).all(), (group, name, np.abs(w - x).max())
            """, folder.url.path)
    }

    @Test func jpegOfEveryKind() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            os.mkdir(d + "i"); x = Image.fromarray(photo(61, 83))
            for i, s in enumerate(["4:4:4", "4:2:2", "4:2:0"]):
                x.save(d + "i/%d.jpg" % i, subsampling=s); x.save(d + "i/%dp.JPEG" % i, subsampling=s, progressive=True, quality=90)
            x.convert("L").save(d + "i/gray.jpeg")
            x.save(d + "i/comment.jpg", exif=b"Exif\\0\\0" + bytes(60000), icc_profile=bytes(150000))
            x.save(d + "i/is-a-png.jpg", "PNG")
            """, folder.url.path)
        _ = try imported(folder.path("i"), "--output", folder.path("a.h5"))
        _ = try imported(folder.path("i"), "--output", folder.path("a.h5"), "--name", "g", "--gray")
        try python(
            """
            f = h5py.File(d + "a.h5", "r")
            for name, x, g in zip(f["id"], f["data"], f["g/data"]):
                p = np.asarray(Image.open(d + "i/" + name.decode()).convert("RGB")).astype(int)
                assert np.abs(p - x).max() <= 2, (name, np.abs(p - x).max())
                assert (g == luma(x)).all() and np.abs(x - photo(61, 83).astype(int)).mean() < (60 if b"gray" in name else 6), name
            """, folder.url.path)
    }

    @Test func classFolders() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            for name in ["a", "a-b", "c é", "empty", ".hidden"]: os.makedirs(d + "i/" + name)
            x = r.integers(0, 256, (40, 6, 5)).astype("u1")
            for i in range(40): Image.fromarray(x[i]).save(d + "i/%s/%d.png" % (["a", "a-b", "c é"][i % 3], i))
            for name in ["notes.txt", "a/.x.png", "a/Thumbs.db"]: open(d + "i/" + name, "w").write("x")
            Image.fromarray(x[0]).save(d + "i/.hidden/x.png")
            np.save(d + "x.npy", x)
            """, folder.url.path)
        var files: [Data] = []
        for threads in ["1", "4"] {
            let path = folder.path("\(threads).h5")
            let outcome = try imported(folder.path("i"), "--output", path, "--threads", threads)
            #expect(outcome.errors.contains("passed over: 4"), "\(outcome)")
            #expect(outcome.output.contains("/data [40, 6, 5] uint8, /label, /id"), "\(outcome)")
            files.append(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        #expect(files[0] == files[1])
        try python(
            """
            f = h5py.File(d + "4.h5", "r"); x = np.load(d + "x.npy")
            ids = f["id"][:]
            assert list(ids) == sorted(ids) and len(ids) == 40 and ids[0] == b"a-b/1.png", ids[:3]
            for name, label, v in zip(ids, f["label"], f["data"]):
                folder, file = name.decode().split("/")
                assert label.decode() == folder and (v == x[int(file[:-4])]).all()
            assert f["data"].fletcher32
            os.mkdir(d + "i/a/deep"); Image.fromarray(x[0]).save(d + "i/a/deep/z.png")
            """, folder.url.path)
        let outcome = try imported(folder.path("i"), "--output", folder.path("deep.h5"))
        #expect(outcome.errors.contains("no labels") && !outcome.output.contains("label"), "\(outcome)")
        // What was imported can be trained on.
        let run = try mpiVAE(
            "train", "--data", folder.path("4.h5"), "--hidden", "4", "--latent", "2", "--epochs", "1", "--global-batch", "8",
            "--output", folder.path("run"))
        #expect(run.status == 0, "\(run)")
        try python(
            """
            f = h5py.File(d + "4.h5", "r"); e = h5py.File(d + "run/embeddings.h5", "r")
            assert (f["label"][:] == e["label"][:]).all() and (f["id"][:] == e["id"][:]).all()
            """, folder.url.path)
    }

    @Test func scaling() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            os.mkdir(d + "i")
            for i, (h, w) in enumerate([(24, 36), (25, 37), (7, 50), (3, 4), (1, 1), (12, 18)]):
                Image.fromarray(photo(h, w)).save(d + "i/%d.png" % i)
            """, folder.url.path)
        try refused(65, ["1.png: has 25 x 37 pixels, but 0.png has 24 x 36", "--size"], folder.path("i"))
        _ = try imported(folder.path("i"), "--output", folder.path("a.h5"), "--size", "12x18")
        try python(
            """
            def axis(n, m):
                a = np.zeros((m, n))
                for i in range(m):
                    if n > m:
                        for k in range(n): a[i, k] = max(min((i + 1) * n / m, k + 1) - max(i * n / m, k), 0) * m / n
                    else:
                        c = min(max((i + .5) * n / m - .5, 0), n - 1); a[i] = np.maximum(1 - np.abs(c - np.arange(n)), 0)
                assert np.allclose(a.sum(1), 1); return a
            f = h5py.File(d + "a.h5", "r")
            assert f["data"].shape == (6, 12, 18, 3)
            for name, x in zip(f["id"], f["data"]):
                p = Image.open(d + "i/" + name.decode()); v = np.asarray(p).astype(float)
                w = np.einsum("ih,jw,hwc->ijc", axis(v.shape[0], 12), axis(v.shape[1], 18), v)
                assert np.abs(x - w).max() <= 0.501, (name, np.abs(x - w).max())
                if name in (b"0.png", b"3.png", b"5.png"):
                    q = np.asarray(p.resize((18, 12), Image.Resampling.BOX if name == b"0.png" else Image.Resampling.BILINEAR))
                    assert np.abs(q.astype(int) - x).max() <= 1, name
            """, folder.url.path)
    }

    /// More than one piece is decoded and written; the order stays.
    @Test func largeImagesInPieces() throws {
        let folder = try TemporaryFolder()
        try python(
            "os.mkdir(d + 'i')\nfor i in range(9): Image.new('L', (2, 2), 20 * i).save(d + 'i/%d.png' % i)", folder.url.path)
        var files: [Data] = []
        for threads in ["1", "3"] {
            let path = folder.path("\(threads).h5")
            _ = try imported(folder.path("i"), "--output", path, "--size", "4096x4096", "--threads", threads)
            files.append(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        #expect(files[0] == files[1])
        try python(
            "x = h5py.File(d + '3.h5', 'r')['data']\nfor i in range(9): assert (x[i] == 20 * i).all()", folder.url.path)
    }

    @Test func damagedAndHostileImages() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            p = photo(40, 50); Image.fromarray(p).save(d + "good.png"); Image.fromarray(p).save(d + "good.jpg")
            a, b = open(d + "good.png", "rb").read(), open(d + "good.jpg", "rb").read()
            def put(name, data):
                os.mkdir(d + name); open(d + name + "/" + ("x.jpg" if "jpg" in name else "x.png"), "wb").write(data)
            put("cut", a[:len(a) // 2]); put("cut-jpg", b[:len(b) // 2]); put("head", a[:20]); put("head-jpg", b[:100])
            put("flip", a[:-40] + bytes([a[-40] ^ 4]) + a[-39:]); put("garbage", b"garbage" * 1000); put("zero", b"")
            big = struct.pack(">IIBBBBB", 100000, 100000, 8, 6, 0, 0, 0)
            put("claim", a[:8] + chunk(b"IHDR", big) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
            s = b.index(b"\\xff\\xc0"); put("claim-jpg", b[:s + 5] + b"\\xff\\xdc\\xff\\xdc" + b[s + 9:])
            put("none", a[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 5, 8, 6, 0, 0, 0)))
            os.mkdir(d + "cmyk"); Image.fromarray(p).convert("CMYK").save(d + "cmyk/x.jpg")
            os.mkdir(d + "fifo"); os.mkfifo(d + "fifo/x.png"); os.mkdir(d + "loop"); os.symlink("x.png", d + "loop/x.png")
            os.makedirs(d + "tree/a"); os.symlink("..", d + "tree/a/b"); os.mkdir(d + "gone"); os.symlink("no", d + "gone/x.png")
            os.makedirs(d + "dir/x.png"); os.mkdir(d + "others"); open(d + "others/a.txt", "w")
            os.mkdir(d + "huge"); open(d + "huge/x.png", "wb").write(a); os.truncate(d + "huge/x.png", 2**40)
            open(os.fsencode(d) + b"none/\\xff.png", "wb").write(a)
            """, folder.url.path)
        for (name, texts) in [
            ("cut", ["x.png", "cannot be read as PNG, damaged or incomplete"]),
            ("cut-jpg", ["x.jpg", "cannot be read as JPEG, damaged or incomplete"]),
            ("head", ["x.png", "cannot be read as PNG"]), ("head-jpg", ["x.jpg", "cannot be read as JPEG"]),
            ("flip", ["x.png", "cannot be read as PNG"]), ("garbage", ["x.png", "is neither a PNG nor a JPEG"]),
            ("zero", ["x.png", "is empty"]), ("claim", ["x.png", "claims 100000 x 100000 pixels"]),
            ("claim-jpg", ["x.jpg", "claims 65500 x 65500 pixels"]), ("none", ["its name is not UTF-8"]),
            ("cmyk", ["x.jpg", "CMYK", "convert it to RGB"]), ("fifo", ["x.png", "is not a regular file"]),
            ("loop", ["x.png", "symbolic links"]), ("tree", ["tree/a/b", "is a link to a folder that it lies in"]),
            ("dir", ["has no PNG or JPEG files"]), ("others", ["has no PNG or JPEG files", "other files: 1"]),
            ("huge", ["x.png", "too many for an image"]),
        ] {
            try refused(65, texts, folder.path(name))
        }
        try refused(66, ["x.png", "no such file"], folder.path("gone"))
        try refused(66, ["/none/folder", "no such file"], "/none/folder")
        try refused(66, ["good.png", "is a file, not a folder"], folder.path("good.png"))
        for options in [["--size", "0x4"], ["--size", "64"], ["--threads", "0"], ["--gray", "--rgb"]] {
            let outcome = try Program.run(
                Program.built("mpi-vae"), ["import", "images", folder.path("cut"), "--output", folder.path("x.h5")] + options)
            #expect(outcome.status == 64 && outcome.errors.contains("error: "), "\(outcome)")
        }
        // Small memory is enough to refuse the claims.
        for name in ["claim", "claim-jpg", "huge"] {
            let outcome = try Program.run(
                "/bin/sh",
                [
                    "-c", "ulimit -v 1500000; exec \"$@\"", "sh", Program.built("mpi-vae"), "import", "images", folder.path(name),
                    "--threads", "1", "--output", folder.path("x.h5"),
                ])
            #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
        }
        // One bad file among good ones; the first in order is named, whatever the threads.
        try python(
            """
            os.mkdir(d + "mixed")
            for i in range(60): open(d + "mixed/%02d.png" % i, "wb").write(open(d + "good.png", "rb").read())
            for i in [31, 33, 57]: open(d + "mixed/%02d.png" % i, "wb").write(open(d + "cut/x.png", "rb").read())
            """, folder.url.path)
        for _ in 0..<3 { try refused(65, ["31.png"], folder.path("mixed"), "--threads", "4") }
    }

    @Test func unreadable() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            os.chmod(d, 0o777); os.mkdir(d + "file"); os.mkdir(d + "shut")
            Image.new("L", (2, 2)).save(d + "file/x.png"); os.chmod(d + "file/x.png", 0); os.chmod(d + "shut", 0)
            """, folder.url.path)
        defer { chmod(folder.path("shut"), 0o700) }
        // Root may read everything, so another user tries.
        let asNobody =
            getuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : ["/usr/bin/env"]
        for (name, text) in [("file", "x.png: permission denied"), ("shut", "shut: may not be read")] {
            let outcome = try Program.run(
                asNobody[0],
                asNobody.dropFirst() + [
                    Program.built("mpi-vae"), "import", "images", folder.path(name), "--output", folder.path("x.h5"),
                ])
            #expect(outcome.status == 77 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
    }
}
