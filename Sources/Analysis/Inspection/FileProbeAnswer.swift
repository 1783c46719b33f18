public import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training

extension FileProbe {
    /// Does what was asked for and writes the report, or the error, to stdout; gives the status to exit with.
    public func answer(_ arguments: [String]) -> Int32 {
        ChildLimits.limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), to: 0)
        TextGuard.begin()
        let status = answerGuarded(arguments)
        // Whatever came of it: who reads the file next has no such limit.
        guard let refusal = TextGuard.refusal else { return status }
        try? ChildLimits.write(Data("\(Self.refusalMark)\(refusal)".utf8))
        return Self.refusalStatus
    }

    private func answerGuarded(_ arguments: [String]) -> Int32 {
        // Opening may mean to read where the rows of a sparse matrix begin.
        ChildLimits.allowMoreComputing(
            seconds: [.open, .frames, .results].contains(self) ? 6 * ChildLimits.computing : ChildLimits.computing)
        do {
            let file = arguments.first ?? ""
            switch self {
            case .check:
                ChildLimits.limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: ChildLimits.memory)
                try ChildLimits.write(try JSONEncoder().encode(FileCheck.report(on: file)))
            case .inspect:
                ChildLimits.limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: ChildLimits.memory)
                try ChildLimits.write(try JSONEncoder().encode(Inspection.summary(of: file)))
            case .checkpoint:
                ChildLimits.limitMemory(toRead: [file])
                ChildLimits.allowMoreComputing(seconds: ChildLimits.computing + ChildLimits.seconds(toRead: file))
                _ = try Checkpoint.readHere(file, .model)
            case .results:
                let run = RunFolder(path: file)
                ChildLimits.limitMemory(toRead: [run.embeddings, run.scores])
                _ = try? RunEmbeddings(run.embeddings)?.labelValues()
                _ = Anomalies(run, normal: "-")
            case .open:
                var options = try JSONDecoder().decode(DataOptions.self, from: Data((arguments.dropFirst().first ?? "{}").utf8))
                // Rows by their labels would be read without a limit.
                options.onlyLabels = ""
                ChildLimits.limitMemory(toRead: try DataSpecification(file).items.map(\.file))
                if let source = try? DataSource.open(file, options) { try Self.readStrings(source, file) }
            case .frames:
                guard arguments.count >= 3, let rows = Int(arguments[1]), let features = Int(arguments[2]) else { break }
                ChildLimits.limitMemory(toRead: [file])
                ChildLimits.allowMoreComputing(seconds: 6 * ChildLimits.computing + ChildLimits.seconds(toRead: file))
                let copy = try File.inMemory(file)
                try AnnDataFrames(file, Array(arguments[3...]), rows: rows, features: features).copy(into: copy)
                _ = try copy.closeInMemory()
            }
            return 0
        } catch {
            try? ChildLimits.write(Data("\(error)".utf8))
            return (error as? Failure)?.exitStatus ?? ExitCode.internal.rawValue
        }
    }

    /// Reads the labels and ids of rows that are strings.
    ///
    /// What strings consist of has no checksum in any file, and is what the library crashes on most. It takes the memory that the length
    /// of a string claims, up to 4 GiB, before it looks for the string.
    private static func readStrings(_ source: DataSource, _ specification: String) throws {
        let size = try DataSpecification(specification).items.reduce(0) { $0 + ChildLimits.fileSize($1.file) }
        let inUse = ChildLimits.memoryInUse
        let rows = 4096
        for values in [source.labels, source.ids].compactMap(\.self) where values.kind == .strings {
            ChildLimits.limit(
                __rlimit_resource_t(RLIMIT_DATA.rawValue),
                to: inUse + ChildLimits.memory + 8 * size + 4 * values.storedSize(ofRows: rows))
            for first in stride(from: 0, to: min(source.rowCount, 1 << 20), by: rows) {
                do throws(HDF5Error) {
                    _ = try values.strings(source.selection.rows(first..<min(first + rows, source.rowCount)))
                } catch {
                    throw Failure(error)
                }
                ChildLimits.giveSignOfLife()
            }
        }
    }
}
