internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training

/// The folder of a sweep, with the folders of its runs and the tables that compare them. Used by root alone.
struct SweepFolder {
    let path: String
    /// The names of its runs.
    private let runs: Set<String>

    init(of grid: SweepGrid) {
        path = grid.folder
        runs = Set(grid.points.map(\.name))
    }

    enum Table: String, CaseIterable {
        case all = "sweep.csv"
        case means = "sweep-means.csv"
        case plot = "sweep.svg"
        case page = "sweep.html"
    }

    /// Where the shapes lie that are generated if no data are named.
    var shapes: String { RunFolder(path: path).shapes }

    /// Writes a table whole. Throws ``Failure``.
    func write(_ text: String, _ table: Table) throws {
        try RunFolder(path: path).write(Array(text.utf8), to: "\(path)/\(table.rawValue)")
    }

    /// Throws ``Failure`` (73) for the folder of a run, and for one that holds something and nothing of a sweep, whose tables could replace
    /// what is others'.
    func refuseForeign() throws(Failure) {
        if RunFolder(path: path).hasCheckpoints {
            throw Failure(.cannotCreate, "\(path) is the folder of a run: give the sweep another --output")
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        let isMarked = names.contains { name in
            name == Table.all.rawValue || runs.contains(name) && RunFolder(path: "\(path)/\(name)").isMarked
        }
        // Others of an array of jobs may have begun with these; each run sees to its own folder.
        let own = Set(Table.allCases.map(\.rawValue) + [FilePath.name(of: shapes)])
        let foreign = names.filter { name in
            name != FilePath.name(of: shapes) && !runs.contains(name)
                && TemporaryName.finalName(of: name).map(own.contains) != true
        }
        guard let first = foreign.first, !isMarked else { return }
        throw Failure(
            .cannotCreate,
            "\(path) is not the folder of a sweep, but holds \(first)\(foreign.count > 1 ? " and more" : ""): choose another with --output"
        )
    }
}
