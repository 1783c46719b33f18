import HDF5
import TestSupport
import Testing

/// Chunks of another length than they should have, behind which the library reads, and writes, the memory of the program.
struct ChunkCheckTests {
    @Test func chunksOfAnotherLength() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("chunks.h5")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys, zlib
            record = np.dtype([("name", "S8"), ("count", "i4")])
            with h5py.File(sys.argv[1], "w") as f:
                for name, type in [("numbers", "i4"), ("swapped", ">f8"), ("texts", "S12"), ("records", record)]:
                    for kind, options in [("plain", {}), ("shuffled", {"shuffle": True}), ("zipped", {"compression": "gzip"})]:
                        size = np.dtype(type).itemsize
                        rows = np.zeros(20, type)
                        good = f.create_dataset(f"{name}-{kind}-good", data=rows, chunks=(8,), **options)
                        for fault, count in [("short", 7 * size), ("long", 9 * size)]:
                            s = f.create_dataset(f"{name}-{kind}-{fault}", (20,), type, chunks=(8,), **options)
                            raw = bytes(count)
                            s.id.write_direct_chunk((8,), zlib.compress(raw) if kind == "zipped" else raw)
                            # The lengths together are right.
                            if kind == "plain": s.id.write_direct_chunk((16,), bytes(16 * size - count))
                            else: s[:8] = rows[:8]; s[16:] = rows[16:]
            """, [path])
        #expect(python.status == 0, "\(python)")
        let file = try File.open(path)
        for kind in ["plain", "shuffled", "zipped"] {
            for (name, read) in Self.reads {
                try read(try file.dataset("/\(name)-\(kind)-good"), 0..<20)
                for fault in ["short", "long"] {
                    let dataset = try file.dataset("/\(name)-\(kind)-\(fault)")
                    // The chunk is the second of three.
                    if kind != "plain" { for rows in [0..<8, 16..<20] { try read(dataset, rows) } }
                    let error = #expect(throws: HDF5Error.self, "\(name) \(kind) \(fault)") { try read(dataset, 7..<9) }
                    #expect(error?.description.contains("chunk at row 8") == true, "\(name) \(kind) \(fault)")
                }
            }
        }
    }

    private typealias Read = @Sendable (Dataset, Range<Int>) throws -> Void

    private static let reads: [(name: String, read: Read)] = [
        ("numbers", { _ = try $0.read(Int64.self, rows: $1) }),
        ("swapped", { _ = try $0.read(Float.self, rows: $1) }),
        (
            "swapped",
            { dataset, rows in
                let memory = UnsafeMutableRawPointer.allocate(byteCount: 8 * rows.count, alignment: 8)
                defer { memory.deallocate() }
                try dataset.readStored(rows: rows, into: memory)
            }
        ),
        ("texts", { _ = try $0.readStrings(rows: $1) }),
        ("records", { _ = try $0.readFieldStrings("name", rows: $1) }),
    ]
}
