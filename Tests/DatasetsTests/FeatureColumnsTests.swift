import Datasets
import Foundation
import HDF5
import Support
import TestSupport
import Testing

/// Which features are taken of files, in which order, and which files are refused: rows and names of small files.
@Suite(.serialized)
struct FeatureColumnsTests {
    /// Four rows of six features: `10 row + column of A to F`.
    private static let files = Result {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ order: [Int], _ names: String?, bytes: Bool = false) throws {
            try makeFile(folder.path(name)) { file in
                let values = (0..<4).flatMap { row in order.map { 10 * row + $0 } }
                let shape = [4, order.count]
                if bytes {
                    try file.write(values.map(UInt8.init), shape: shape, to: "/data")
                } else {
                    try file.write(values.map(Float.init), shape: shape, to: "/data")
                }
                if let names { try file.write(names.map(String.init), to: "/feature_names") }
                try file.write([2, 0, 1, 1, .nan, 1] as [Double], shape: [6], to: "/good")
                try file.write("UVWXYZ".map(String.init), to: "/other")
            }
        }
        try write("a.h5", [0, 1, 2, 3, 4, 5], "ABCDEF")
        try write("b.h5", [5, 2, 0, 1, 4, 3], "FCABED")
        try write("less.h5", [0, 1, 2, 3], "ABCD")
        try write("more.h5", [2, 0, 6, 1, 3, 5, 4], "CAGBDFE")
        try write("others.h5", [0, 1, 2, 3, 4, 5], "UVWXYZ")
        try write("plain.h5", [0, 1, 2, 3, 4, 5], nil)
        try write("bytes.h5", [0, 1, 2, 3, 4, 5], "ABCDEF", bytes: true)
        try write("twice.h5", [1, 0, 2, 3, 4, 5], "BACCEF")
        try write("twice-same.h5", [0, 1, 2, 3, 4, 5], "ABCCEF")
        return folder
    }

    private func open(
        _ data: String, columns: String = "", names: String = "", as wanted: DataSource.Features? = nil
    ) throws -> DataSource {
        let folder = try Self.files.get()
        var options = DataOptions()
        (options.columns, options.featureNames) = (columns, names)
        return try DataSource.open(
            data.split(separator: ",").map { folder.path(String($0)) }.joined(separator: ","), options, as: wanted)
    }

    /// All rows as numbers.
    private func values(_ source: DataSource) throws -> [Float] {
        var values = [Float](repeating: -1, count: source.content.rowCount * source.features)
        try values.withUnsafeMutableBytes {
            try source.content.makeReader(.float32).read(0..<source.content.rowCount, into: $0.baseAddress!)
        }
        return values
    }

    private func rows(_ columns: [Int], files: Int = 1) -> [Float] {
        (0..<4 * files).flatMap { row in columns.map { Float(10 * (row % 4) + $0) } }
    }

    @Test(
        arguments: [
            ("a.h5", "A,C,D,F", "ACDF"), ("a.h5", "F, D,C,A", "ACDF"), ("a.h5", "0:1,2:4,5:", "ACDF"), ("a.h5", "/good", "ACDF"),
            ("plain.h5", "0,2,3,-1", nil), ("plain.h5", "0:1,2:4,-1:", nil), ("b.h5", "A,C,D,F", "FCAD"),
            ("bytes.h5", "A,C,D,F", "ACDF"),
        ] as [(String, String, String?)])
    func chosen(data: String, columns: String, names: String?) throws {
        let source = try open(data, columns: columns)
        #expect(source.features == 4 && source.featureNames?.joined() == names)
        let places = names.map { $0.map { Int($0.asciiValue!) - 65 } } ?? [0, 2, 3, 5]
        // Bytes are pixels.
        let unit: Float = data == "bytes.h5" ? 255 : 1
        #expect(try values(source) == rows(places).map { $0 / unit })
        #expect(source.format.numbers == (data == "bytes.h5" ? .pixel : .float32))
    }

    @Test func allAreAsTheyAre() throws {
        for columns in ["", "A,B,C,D,E,F", "0:6", "::"] {
            let source = try open("a.h5", columns: columns)
            #expect(source.columns == nil && source.featureNames == "ABCDEF".map(String.init), "\(columns)")
        }
    }

    private func refused(_ code: ExitCode, _ text: String, _ body: () throws -> DataSource) {
        #expect("\(text)") {
            try body()
        } throws: {
            ($0 as? Failure)?.code == code && ($0 as? Failure)?.message.contains(text) == true
        }
    }

    @Test(arguments: [
        ("a.h5", "A,Q", "no feature is called 'Q'"), ("a.h5", "/bad", "no mask of features at /bad"),
        ("a.h5", "/other", "no mask of features"), ("plain.h5", "A,B", "are names, but the features have none"),
        ("plain.h5", "7", "no column 7"), ("plain.h5", "-7", "no column -7"), ("a.h5", "3:3", "leave none of 6"),
        ("a.h5", "0", "no feature is called '0'"),
    ])
    func notThere(data: String, columns: String, text: String) { refused(.badData, text) { try open(data, columns: columns) } }

    private let model = DataSource.Features(names: "ABCDEF".map(String.init), origin: "the model")

    /// As a model has them, in its order, without others.
    @Test(
        arguments: [
            ("a.h5", nil), ("b.h5", "features are put into the order of the model"),
            ("more.h5", "1 of 7 features are left out, which the model has not; features are put into the order"),
        ] as [(String, String?)])
    func asWanted(data: String, note: String?) throws {
        let source = try open(data, as: model)
        #expect(try values(source) == rows([0, 1, 2, 3, 4, 5]) && source.featureNames == model.names)
        #expect(
            source.notes.count == (note == nil ? 0 : 1) && (note == nil || source.notes[0].contains(note!)), "\(source.notes)")
    }

    @Test func byPlacesAlone() throws {
        let source = try open("others.h5", names: "none", as: model)
        #expect(try values(source) == rows([0, 1, 2, 3, 4, 5]) && source.featureNames == nil)
        #expect(try open("a.h5", names: "/other").featureNames == "UVWXYZ".map(String.init))
    }

    @Test(arguments: [
        ("others.h5", "lacks 6 of the 6 features of the model, as A, B, C, ...; it has U, V, W, ..."),
        ("less.h5", "lacks 2 of the 6 features of the model, as E, F; it has A, B, C, ..."),
        ("plain.h5", "has no names of its features, but those of the model are A, B, C, ..."),
    ])
    func notAsWanted(data: String, text: String) { refused(.badData, text) { try open(data, as: model) } }

    /// Further files have the order of the first.
    @Test func files() throws {
        let joined = try open("b.h5,a.h5")
        #expect(try values(joined) == rows([5, 2, 0, 1, 4, 3], files: 2) && joined.featureNames == "FCABED".map(String.init))
        #expect(joined.notes.count == 1 && joined.notes[0].contains("features are put into the order of"), "\(joined.notes)")
        // Chosen ones are taken of files that have more.
        #expect(try values(open("a.h5,more.h5", columns: "B,E")) == rows([1, 4], files: 2))
        // The same order needs no names that differ.
        #expect(try values(open("twice-same.h5,twice-same.h5")) == rows([0, 1, 2, 3, 4, 5], files: 2))
        for (data, text) in [
            ("a.h5,plain.h5", "has no names"), ("a.h5,others.h5", "lacks 6 of the 6"), ("a.h5,more.h5", "has 1 features that"),
            ("twice-same.h5,twice.h5", "several features called 'C'"),
        ] { refused(.badData, text) { try open(data) } }
    }
}
