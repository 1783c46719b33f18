import Datasets
import HDF5
import Support
import TestSupport
import Testing

/// Rows that are read into memory, some of which follow each other and some of which do not.
struct RowLoaderTests {
    private static let (rows, features) = (200, 1024)

    private static func value(_ row: Int, _ feature: Int) -> Float { Float(row * features + feature) }

    /// Runs that are longer than what is read at once where there are gaps: more of them than memory for them was taken once.
    @Test(arguments: [0, 1, 2, 7, 63])
    func runsAndGaps(stretch: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("rows.h5")
        try makeFile(path) { file in
            let values = (0..<Self.rows).flatMap { row in (0..<Self.features).map { Self.value(row, $0) } }
            try file.write(values, shape: [Self.rows, Self.features], to: "/data")
        }
        let source = try DataSource.open("\(path):/data", DataOptions())
        let wanted = (Array(0..<60) + [61, 70] + Array(72..<130) + [199]).map(Int64.init)
        let store = RowStore(format: source.format, capacity: wanted.count)
        let loader = try RowLoader(source, Preparation(PreparationSettings(), support: nil), stretch: stretch)
        try loader.load(wanted, into: store, at: 0)
        var decoded = [Float](repeating: 0, count: Self.features)
        for (position, row) in wanted.enumerated() {
            #expect(store.row(position).row == row)
            source.format.decode(store.row(position).numbers, into: &decoded)
            #expect(decoded == (0..<Self.features).map { Self.value(Int(row), $0) }, "row \(row)")
        }
    }
}
