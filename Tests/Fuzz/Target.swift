// Our own readers fed with damaged input: by libFuzzer (`scripts/fuzz`), or by our own changes of the seeds (`scripts/fuzz check`).
import Foundation
import Importing
import Logging
import Support
import Training

/// What is fed with bytes. A `Failure` is what bad bytes should end in; anything else that ends the process is a fault found.
enum Target: String, CaseIterable {
    /// A TOML file.
    case configuration
    /// Environment, flags and assignments: lines `kind key=value`.
    case values
    case csv, idx, npy, npz, mtx
    /// A folder with one image in it.
    case image
    /// See ``HostileInputs``: headers of NPZ files, wide tables, folders that link to each other.
    case headers, width, folder
    /// A matrix of cells with what lies beside it, parted by zero bytes.
    case cells
    /// An HDF5 file's contents; see ``RowsFile``.
    case rows

    static let names = allCases.map(\.rawValue).joined(separator: "|")

    /// Feeds it, and ends the process with a message where bytes end in anything but a `Failure`.
    func tryOut(_ bytes: Data) {
        do {
            try feed(bytes)
        } catch is Failure {
        } catch {
            fatalError("not a Failure: \(error)")
        }
    }

    private func feed(_ bytes: Data) throws {
        switch self {
        case .configuration: _ = try Configuration(toml: String(decoding: bytes, as: UTF8.self), name: "fuzz")
        case .values: try feedValues(String(decoding: bytes, as: UTF8.self))
        case .csv: try Self.importing(bytes, "x.csv") { try $0.importCSV(file: $1, CSVOptions()) }
        case .idx: try Self.importing(bytes, "x.idx") { try $0.importIDX(images: $1, labels: nil) }
        case .npy: try Self.importing(bytes, "x.npy") { try $0.importNPY(file: $1, labels: nil) }
        case .npz: try Self.importing(bytes, "x.npz") { try $0.importNPZ(file: $1, data: nil, labels: nil) }
        case .mtx: try Self.importing(bytes, "x.mtx") { try $0.importMTX($1, transpose: false) }
        case .headers:
            try Self.importing(HostileInputs.archive(bytes), "x.npz") { try $0.importNPZ(file: $1, data: nil, labels: nil) }
        case .width: try Self.importing(HostileInputs.table(bytes), "x.csv") { try $0.importCSV(file: $1, CSVOptions()) }
        case .folder:
            let tree = "\(Self.place)/tree"
            try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: tree) }
            try HostileInputs.tree(bytes, in: tree)
            try Self.importing(Data(), "empty") { importer, _ in
                try importer.importImages(folder: tree, size: ImageSize("4x4"), color: nil, threads: 1)
            }
        case .cells:
            let folder = "\(Self.place)/cells"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            for (name, part) in zip(["matrix.mtx", "barcodes.tsv", "features.tsv"], parts) {
                try part.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            try Self.importing(Data(), "empty") { importer, _ in try importer.importMTX(folder, transpose: false) }
        case .rows: try RowsFile.feed(bytes, folder: Self.place)
        case .image:
            try Self.importing(bytes, "images/x.png") { importer, path in
                try importer.importImages(
                    folder: (path as NSString).deletingLastPathComponent, size: nil, color: nil, threads: 1)
            }
        }
    }

    private func feedValues(_ text: String) throws {
        var flags: [String: String] = [:]
        var environment: [String: String] = [:]
        var assignments: [String] = []
        for line in text.split(separator: "\n") {
            let (kind, rest) = (line.first, line.dropFirst())
            let parts = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch kind {
            case "f": flags[parts[0]] = parts.last
            case "e": environment["MPI_VAE_\(parts[0])"] = parts.last
            default: assignments.append(String(rest))
            }
        }
        let configuration = try Configuration.load(
            file: nil, environment: environment, flags: flags, assignments: assignments)
        // What was taken must come back the same.
        guard try Configuration(toml: configuration.resolvedTOML(), name: "again") == configuration else {
            fatalError("a configuration that does not survive being written: \(configuration.resolvedTOML())")
        }
    }

    /// Of `scripts/fuzz`, which removes it: libFuzzer leaves without saying so.
    private static let place: String = {
        let path = ProcessInfo.processInfo.environment["FUZZ_FOLDER"] ?? "\(NSTemporaryDirectory())/mpi-vae-fuzz"
        try! FileManager.default.createDirectory(atPath: "\(path)/images", withIntermediateDirectories: true)
        return path
    }()

    private static func importing(
        _ bytes: Data, _ name: String, _ body: (Importer, _ path: String) throws -> String
    ) throws {
        let path = "\(place)/\(name)"
        try bytes.write(to: URL(fileURLWithPath: path))
        let output = "\(place)/out.h5"
        defer { unlink(output) }
        let log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        _ = try body(Importer(output: output, name: nil, log: log), path)
    }
}
