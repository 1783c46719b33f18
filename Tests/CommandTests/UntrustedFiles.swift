import Foundation
import TestSupport
import Testing

/// Files made to do harm, and what is expected of a command that gets one.
enum UntrustedFiles {
    /// A function of Python that makes the text of 16 bytes in an attribute of a file claim 1.6 GB.
    static let claimText = """
        def claim_text(name):
            b = bytearray(open(name, "rb").read())
            for i in range(len(b) - 16):
                size, address, index = struct.unpack_from("<IQI", b, i)
                if size == 16 and address < len(b) and b[address:address + 4] == b"GCOL" and index == 1:
                    struct.pack_into("<I", b, i, 0x60000000)
            open(name, "wb").write(b)
        """

    static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            #"""
            import gzip, h5py, numpy as np, os, struct, sys, zipfile, zlib
            os.chdir(sys.argv[1])
            x = np.random.default_rng(1).random((400, 6)).astype("f4")
            with h5py.File("good.h5", "w") as f: f["data"] = x
            with h5py.File("escapes.h5", "w") as f: f["\x1b]0;TITLE\x07\x1b[31mred"] = x
            texts = ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "\x1b[31mRED\x1b[0m", "-1.5"]
            with h5py.File("texts.h5", "w") as f:
                f["data"], f["label"], f["id"] = x, [texts[i % 4] for i in range(400)], ["@SUM(A1)"] * 400
            # Categories that are their own group.
            with h5py.File("recursive.h5", "w") as f:
                g = f.create_group("label")
                f["data"], g["codes"], g["categories"] = x, np.zeros(400, "i1"), g
            \#(claimText)
            # A text of 1.6 GB in an attribute.
            def claim(name, attribute, make):
                with h5py.File(name, "w", libver="earliest") as f: make(f).attrs.create(attribute, "ABCDEFGHIJKLMNOP", dtype=h5py.string_dtype())
                claim_text(name)
            def matrix(f): g = f.create_group("m"); g["data"] = x; return g
            claim("claim.h5", "encoding-type", matrix)
            claim("checkpoint.h5", "format", lambda f: f)
            shape = "(" + "1," * 524000 + ")"
            def header(shape): return ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % shape).encode()
            def npy(h): return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(h)) + h + b"\0" * 4
            with zipfile.ZipFile("headers.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
                for i in range(100): z.writestr("a%d.npy" % i, npy(header(shape)))
            with zipfile.ZipFile("members.npz", "w") as z:
                for i in range(1001): z.writestr("a%d.npy" % i, npy(header("(1, 1)")))
            open("dimensions.npy", "wb").write(npy(header("(" + "1," * 33 + ")")))
            h = b"{'descr': '<f4', 'fortran_order': True, 'shape': (20000000000, 4), }"
            with open("fortran.npy", "wb") as f:
                f.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(h)) + h); f.truncate(f.tell() + 320000000000)
            open("wide.csv", "w").write(",".join(["1"] * 20_000_000) + "\n")
            # Nothing but ends of lines, or none, beyond 64 MiB.
            for name, byte in [("lines.csv", b"\n"), ("blanks.csv", b" "), ("line.csv", b"1")]:
                open(name, "wb").write(gzip.compress(byte * (72 << 20), 1))
            with open("row.idx", "wb") as f: f.write(bytes([0, 0, 8, 2]) + struct.pack(">II", 1, 2**32 - 1)); f.truncate(2**32 + 11)
            os.mkdir("cells")
            open("cells/matrix.mtx", "w").write("%%MatrixMarket matrix coordinate real general\n3 4 1\n1 1 1\n")
            open("cells/barcodes.tsv", "w").write("a\n" * 5)
            # Members whose sizes are not what the list of contents says, and a list that claims more of them.
            def archive(name, size, count=1, comp=0):
                b = npy(header("(4, 4)")) + bytes(64)
                common = struct.pack("<HHHHHIIIHH", 20, 0, comp, 0, 0, zlib.crc32(b), size, size, 8, 0)
                file = b"PK\3\4" + common + b"data.npy" + b
                contents = b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"data.npy"
                open(name, "wb").write(file + contents + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(contents), len(file), 0))
            whole = len(npy(header("(4, 4)"))) + 64
            archive("whole.npz", whole); archive("more.npz", 2**32 - 2); archive("less.npz", whole - 40)
            archive("members16.npz", whole, 65535); archive("deflate.npz", whole, comp=8)
            # Images: more pixels than a row may have; a hundred words, each of which unpacks to 8 MB and more; and claims of no room.
            def png(name, width, height, between=b"", rows=0, color=2):
                def chunk(t, d): return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
                os.makedirs(os.path.dirname(name), exist_ok=True)
                body = zlib.compress(bytes((width * (3 if color == 2 else 4) + 1) * rows))
                open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
                    + (b"" if not between else b"".join(chunk(b"zTXt", b"k%d\0\0" % i + between) for i in range(200)))
                    + chunk(b"IDAT", body) + chunk(b"IEND", b""))
            png("large/x.png", 8192, 8192, rows=1)
            png("words/x.png", 4, 4, zlib.compress(bytes(1 << 27), 9), rows=4)
            # In place of the pixels, words that claim 2 GB.
            png("claim/x.png", 4, 4, rows=4)
            whole = open("claim/x.png", "rb").read(); pixels = whole.index(b"IDAT") - 4
            open("claim/x.png", "wb").write(whole[:pixels] + struct.pack(">I", 0x7e000019) + b"zTXt" + whole[pixels + 8:])
            png("room/x.png", 8000, 8000, rows=1, color=6)
            open("dots.toml", "w").write("[" + ".".join(["a"] * 200000) + "]\n")
            os.makedirs("images/0")
            for level in range(24):
                os.makedirs(f"images/{level + 1}", exist_ok=True)
                for link in "ab": os.symlink(f"../{level + 1}", f"images/{level}/{link}")
            """#, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    /// Ended so, in little time and memory, with nothing for a terminal to obey.
    static func expect(_ outcome: Measured, _ status: Int, _ texts: [String], seconds: Double = 1) {
        #expect(outcome.status == status && outcome.took(lessThan: seconds) && outcome.megabytes < 200, "\(texts): \(outcome)")
        for text in texts { #expect((outcome.output + outcome.errors).contains(text), "\(text): \(outcome)") }
        #expect(!(outcome.output + outcome.errors).contains("\u{1B}"), "\(outcome)")
    }
}
