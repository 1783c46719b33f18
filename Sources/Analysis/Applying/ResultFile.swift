internal import Distributed
internal import Foundation
internal import HDF5
internal import Support

/// An HDF5 file of results, which appears when it is complete. Used by root alone; everything throws ``Failure``.
final class ResultFile {
    private let published: AtomicFile
    let file: File

    /// - Parameters:
    ///   - format: the root attribute that says what it is; nil for a format that is not ours.
    ///   - byteCount: at least what will be in it, uncompressed.
    init(_ path: String, format: String?, byteCount: Int) throws {
        let published = AtomicFile(path)
        self.published = published
        do {
            let file = try File.create(published, byteCount: byteCount + 1 << 20)
            self.file = file
            guard let format else { return }
            try file.setAttribute("format", .string(format))
            try file.setAttribute("format_version", .integer(1))
            try file.setAttribute("program", .string("mpi-vae \(programVersion)"))
        } catch {
            throw Self.failure(error)
        }
    }

    /// A copy of a file, to add to it. Throws ``Failure``.
    ///
    /// - Parameter byteCount: at least what will be added, uncompressed.
    init(_ path: String, copyOf source: String, byteCount: Int) throws {
        let published = AtomicFile(path)
        self.published = published
        do {
            file = try File.copy(source, to: published, byteCount: byteCount + 1 << 20, progress: Heartbeat.beat)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Does what throws the library's errors.
    func writing<Result>(_ body: (File) throws -> Result) throws -> Result {
        do {
            return try body(file)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Makes a data set that says what it is.
    func column<Number: HDF5Number>(
        _ path: String, _ type: Number.Type, shape: [Int], _ meaning: String, units: String = "1"
    ) throws -> Dataset {
        try writing { file in
            let dataset = try file.createDataset(path, type, shape: shape, compressed: true)
            try describe(path, meaning, units: units)
            return dataset
        }
    }

    /// Makes a data set of numbers in the data's scale: float64 where these are wide (``RowFormat/isWide``), else float32.
    func numbers(_ path: String, isWide: Bool, shape: [Int], _ meaning: String) throws -> Dataset {
        isWide
            ? try column(path, Double.self, shape: shape, meaning) : try column(path, Float.self, shape: shape, meaning)
    }

    func describe(_ path: String, _ meaning: String, units: String = "1") throws {
        try writing { file in
            try file.setAttribute("long_name", .string(meaning), of: path)
            try file.setAttribute("units", .string(units), of: path)
        }
    }

    /// Closes the file and gives it its name.
    func finish() throws {
        do {
            try file.close()
            try published.publish()
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> any Error {
        if let error = error as? HDF5Error { return Failure(writing: error) }
        if let error = error as? FileError { return Failure(error) }
        return error
    }
}
