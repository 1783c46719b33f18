import Datasets
import HDF5
import Support
import TestSupport
import Testing

/// Rows that are kept without their zeros, against the same rows from a dense data set.
struct PackedRowsTests {
    private static let rowCount = 600

    /// A number of a kind: counts of one or two bytes, or what no integer holds.
    private static func value(_ row: Int, _ column: Int, kind: Int) -> Double {
        var state = UInt64(row * 100_003 + column) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
        state &*= 0xBF58_476D_1CE4_E5B9
        state ^= state >> 32
        if state % 100 >= 6 { return 0 }
        let count = Double((state >> 32) % (kind == 3 ? 200_000 : 5000)) + 1
        switch (kind + row) % 4 {
        case 0: return count.truncatingRemainder(dividingBy: 256)
        case 1: return count.truncatingRemainder(dividingBy: 65_536)
        case 2: return count.truncatingRemainder(dividingBy: 16_777_216)
        default: return Double(Float(count / 7))
        }
    }

    private func write(_ file: File, columns: Int, kind: Int, layout: String, wide: Bool) throws {
        let (lines, places) = layout == "csr" ? (Self.rowCount, columns) : (columns, Self.rowCount)
        var (values, indices, starts): ([Double], [Int32], [Int64]) = ([], [], [0])
        for line in 0..<lines {
            for place in 0..<places {
                let value = layout == "csr" ? Self.value(line, place, kind: kind) : Self.value(place, line, kind: kind)
                if value == 0 { continue }
                values.append(value)
                indices.append(Int32(place))
            }
            starts.append(Int64(values.count))
        }
        try file.createGroup("/X")
        try file.setAttribute("encoding-type", .string("\(layout)_matrix"), of: "/X")
        try file.setAttribute("shape", .integers([Int64(Self.rowCount), Int64(columns)]), of: "/X")
        if wide {
            try file.write(values, shape: [values.count], to: "/X/data")
        } else {
            try file.write(values.map(Float.init), shape: [values.count], to: "/X/data")
        }
        try file.write(indices, shape: [indices.count], to: "/X/indices")
        try file.write(starts, shape: [starts.count], to: "/X/indptr")
    }

    private func row(_ store: RowStore, _ position: Int) -> [Float] {
        var values = [Float](repeating: -1, count: store.format.features)
        store.format.decode(store.row(position).numbers, into: &values)
        return values
    }

    /// By rows and by columns, of few and of many columns.
    @Test(arguments: [
        ("csr", 300, 0, false), ("csr", 300, 1, true), ("csr", 70_000, 3, false), ("csc", 300, 0, false), ("csc", 300, 1, true),
    ])
    func asTheyWere(layout: String, columns: Int, kind: Int, wide: Bool) throws {
        let folder = try TemporaryFolder()
        try makeFile(folder.path("s.h5")) { try write($0, columns: columns, kind: kind, layout: layout, wide: wide) }
        let source = try DataSource.open("\(folder.path("s.h5")):/X", DataOptions())
        #expect(source.format.isPacked && source.format.isWide == wide)
        let loader = try RowLoader(source, Preparation(PreparationSettings(), support: nil))
        let store = RowStore(format: source.format, capacity: 200)
        // The same memory again and again, all rows of a range and some of it.
        var largest = 0
        for (round, rows) in [Array(0..<200), Array(stride(from: 1, to: 600, by: 3)), Array(400..<600)].enumerated() {
            store.removeAll()
            let (first, rest) = (rows.prefix(80).map(Int64.init), rows.dropFirst(80).map(Int64.init))
            try loader.load(first, into: store, at: 0)
            try loader.load(rest, into: store, at: 80)
            for (position, number) in rows.enumerated() {
                #expect(store.row(position).row == Int64(number))
                let wanted = (0..<columns).map { Float(Self.value(number, $0, kind: kind)) }
                guard row(store, position) == wanted else {
                    Issue.record("round \(round), row \(number)")
                    return
                }
            }
            largest = max(largest, store.byteCount)
        }
        // 6% of the values, in at most 6 or 8 bytes each, and what is left of the last piece of memory.
        #expect(largest < 200 * columns * 4 / 2 + 1 << 20)
        #expect(
            largest <= source.byteCount(source.selection, 0..<200, Preparation(PreparationSettings(), support: nil)) + 2 << 20)
    }

    /// What is mostly not 0 is kept as it is.
    @Test func denseEnough() throws {
        let folder = try TemporaryFolder()
        try makeFile(folder.path("s.h5")) { file in
            try file.createGroup("/X")
            try file.setAttribute("encoding-type", .string("csr_matrix"), of: "/X")
            try file.setAttribute("shape", .integers([4, 6]), of: "/X")
            try file.write((0..<20).map { Float($0 + 1) }, shape: [20], to: "/X/data")
            try file.write((0..<20).map { Int32($0 % 5) }, shape: [20], to: "/X/indices")
            try file.write([0, 5, 10, 15, 20] as [Int64], shape: [5], to: "/X/indptr")
        }
        #expect(try !DataSource.open("\(folder.path("s.h5")):/X", DataOptions()).format.isPacked)
    }
}
