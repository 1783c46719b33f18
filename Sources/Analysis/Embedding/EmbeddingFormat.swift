internal import Datasets
internal import Support
internal import Training
internal import VAE

/// The kinds of files that embeddings are written to.
public enum EmbeddingFormat: String, Sendable, CaseIterable {
    /// Everything, by ``EmbeddingWriter``.
    case hdf5 = "h5"
    /// AnnData, by ``AnnDataWriter``.
    case annData = "h5ad"
    /// The means alone, by ``NPYEmbeddings``.
    case npy
    /// By ``CSVEmbeddings``.
    case csv

    /// The format of a file, by its name or by what is asked for.
    ///
    /// - Parameter wanted: nil for what the name says; `h5` where it says nothing.
    /// - Throws: ``Failure`` (64) where the two do not agree, or the name says something that cannot be written.
    public static func of(_ path: String, wanted: EmbeddingFormat?) throws -> EmbeddingFormat {
        let format = try FileFormat.of(path, flag: "--output", among: allCases.map(\.fileFormat), wanted: wanted?.fileFormat)
        return allCases.first { $0.fileFormat == format }!
    }

    var fileFormat: FileFormat {
        switch self {
        case .hdf5: .hdf5
        case .annData: .annData
        case .npy: .npy
        case .csv: .csv
        }
    }

    /// Begins a file. Used by root alone. Throws ``Failure``.
    ///
    /// - Parameters:
    ///   - withInput: whether it is to be a copy of the input with the codes in it, which AnnData alone can be.
    ///   - csvSafe: whether it is to be safe in spreadsheets, which takes CSV.
    func open(
        _ path: String, sources: [DataSource], _ applied: AppliedModel, checkpoint: Checkpoint, withInput: Bool, csvSafe: Bool
    ) throws -> any EmbeddingOutput {
        let latentSize = applied.model.latentSize
        return switch self {
        case _ where withInput && self != .annData:
            throw Failure(.usage, "--with-input is for --format h5ad: a copy of an AnnData file with the codes in it")
        case _ where csvSafe && self != .csv: throw Failure(.usage, "--csv-safe is for --format csv")
        case .annData where withInput:
            try AnnDataWriter(withInput: path, sources: sources, applied, checkpoint: checkpoint)
        case .hdf5: try EmbeddingWriter(path, sources: sources, applied.model, checkpoint: checkpoint)
        case .annData: try AnnDataWriter(path, sources: sources, applied, checkpoint: checkpoint)
        case .npy: try NPYEmbeddings(path, sources: sources, latentSize: latentSize)
        case .csv: try CSVEmbeddings(path, sources: sources, latentSize: latentSize, isSafe: csvSafe)
        }
    }
}

/// A file of embeddings, which appears when it is complete. Used by root alone.
package protocol EmbeddingOutput: AnyObject {
    /// What users should know of the file.
    var notes: [String] { get }

    /// Writes the codes of some rows of a source, by their numbers in its selection, which lie at `place` in the file; in order.
    /// Throws ``Failure``.
    func write(_ codes: Codes, source item: EmbeddedSource, rows: Range<Int>, at place: Int) throws

    /// Closes the file and gives it its name. Throws ``Failure``.
    func finish() throws
}

extension EmbeddingOutput {
    package var notes: [String] { [] }
}
