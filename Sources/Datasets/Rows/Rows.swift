internal import HDF5

/// Rows of numbers in files, whatever they are stored as.
package protocol Rows: AnyObject {
    /// `file.h5:/path`, for messages.
    var name: String { get }
    /// The numbers' type, for messages.
    var type: String { get }
    var rowCount: Int { get }
    /// Empty if the rows are single numbers.
    var rowShape: [Int] { get }
    /// The format in memory: the one that takes little room and loses nothing, or of what has more digits `float32`.
    var format: NumberFormat { get }

    /// The format in which numbers are stored, if all are stored in one that has a name here; else ``format``, or `float64` where some
    /// have more digits.
    var stored: NumberFormat { get }
    /// The rows of a compressed chunk, all of which are decoded for one; 1 where it does not matter.
    var chunkRows: Int { get }

    /// About the values other than 0 of some rows; nil where zeros are stored as any number is.
    func valueCount(_ rows: Range<Int>) -> Int?

    /// What reads rows in ``format``, as they are ``Rows/stored``, as `float32` or `float64`, for one thread. Throws ``HDF5Error`` or ``Failure``.
    func makeReader(_ format: NumberFormat) throws -> any RowReader

    /// What makes reading slow, and what to do about it; nil if nothing does.
    func advice() -> String?
}

extension Rows {
    package var features: Int { rowShape.reduce(1, *) }
    /// Whether numbers have more digits than ``format``.
    package var isWide: Bool { stored.isWide }
    package var stored: NumberFormat { format }
    package var chunkRows: Int { 1 }
    package func valueCount(_ rows: Range<Int>) -> Int? { nil }
    package func advice() -> String? { nil }
}

/// Reads rows for one thread.
package protocol RowReader: AnyObject {
    /// Writes rows one after the other, all values of each, zeros too. Throws ``HDF5Error`` or ``Failure``.
    func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws

    /// The memory that the reader itself takes, in bytes.
    var memoryBytes: Int { get }
}
