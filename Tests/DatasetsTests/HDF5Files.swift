import Foundation
import HDF5
import TestSupport

/// A file for a test, written by the program's own HDF5 module.
func makeFile(_ path: String, _ fill: (File) throws -> Void) throws {
    let file = try File.inMemory(path)
    try fill(file)
    try Data(file.closeInMemory()).write(to: URL(fileURLWithPath: path))
}

extension File {
    /// Writes strings of variable length.
    func write(_ strings: [String], to path: String) throws {
        try createStrings(path, count: strings.count).write(strings, rows: 0..<strings.count)
    }
}
