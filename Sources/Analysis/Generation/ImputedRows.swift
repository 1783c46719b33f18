internal import Datasets
internal import HDF5
internal import Support

/// Where rows go whose missing values are filled in. Used by root alone; everything throws ``Failure``.
protocol ImputedOutput {
    /// Takes some rows, one after the other.
    func write(_ rows: FilledRows) throws
    /// All rows have been given.
    func finish() throws
}

/// Some rows whose missing values are filled in, in the data's units.
struct FilledRows {
    /// Among all rows, and their numbers in the data.
    let rows: Range<Int>
    let numbers: [Int64]
    /// `[rows.count, features]`
    let values: [Double]
    /// The same: 1 where the value was missing.
    let wasMissing: [UInt8]
    /// `[rows.count, draws, features]`
    let draws: [Double]
}

/// Puts the model's values where the data's are missing, and leaves all others as they are stored. Used by root alone.
final class ImputedRows {
    private let source: DataSource
    /// Reads the values that are there, as they are stored.
    private let original: any RowReader
    private let format: RowFormat
    private let drawCount: Int
    private let outputs: [any ImputedOutput]
    private(set) var missing = 0

    /// - Parameters:
    ///   - specification, options: of the data, which are opened once more without their mask.
    ///   - outputs: get all rows.
    init(
        _ source: DataSource, _ specification: String, _ options: DataOptions, draws: Int, to outputs: [any ImputedOutput]
    ) throws {
        var options = options
        options.mask = ""
        let features = source.featureNames.map { DataSource.Features(names: $0, origin: source.name) }
        let unmasked = try DataSource.open(specification, options, as: features)
        self.source = source
        self.outputs = outputs
        let content = unmasked.content
        format = RowFormat(numbers: content.stored, features: source.features)
        original = try content.makeReader(content.stored)
        drawCount = draws
    }

    func write(
        _ rows: Range<Int>, mean: AlignedMemory<Double>, mask: UnsafePointer<Float>, draws: AlignedMemory<Double>
    ) throws {
        let features = format.features
        let numbers = source.selection.rows(rows)
        // Bytes are taken for pixels, which the model sees as numbers in 0...1.
        let unit = format.numbers == .pixel ? 255.0 : 1
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(format.rowBytes, 64), alignment: 64)
        defer { memory.deallocate() }
        var whole = [Double](repeating: 0, count: rows.count * features)
        var drawn = [Double](repeating: 0, count: rows.count * drawCount * features)
        var wasMissing = [UInt8](repeating: 0, count: rows.count * features)
        for (index, row) in numbers.enumerated() {
            do {
                try original.read(Int(row)..<Int(row) + 1, into: memory)
            } catch let error as HDF5Error {
                throw Failure(error)
            }
            for i in 0..<features {
                let place = index * features + i
                let isMissing = mask[place] == 0
                let known = isMissing ? 0 : Self.number(memory, i, format.numbers)
                whole[place] = isMissing ? mean.pointer[place] * unit : known
                wasMissing[place] = isMissing ? 1 : 0
                if isMissing { missing += 1 }
                for draw in 0..<drawCount {
                    let target = (index * drawCount + draw) * features + i
                    drawn[target] = isMissing ? draws.pointer[target] * unit : known
                }
            }
        }
        let filled = FilledRows(rows: rows, numbers: numbers, values: whole, wasMissing: wasMissing, draws: drawn)
        for output in outputs { try output.write(filled) }
    }

    private static func number(_ row: UnsafeRawPointer, _ index: Int, _ format: NumberFormat) -> Double {
        func load<Number: BitwiseCopyable>(_: Number.Type) -> Number {
            row.load(fromByteOffset: index * MemoryLayout<Number>.stride, as: Number.self)
        }
        switch format {
        case .pixel, .uint8: return Double(load(UInt8.self))
        case .int8: return Double(load(Int8.self))
        case .int16: return Double(load(Int16.self))
        case .uint16: return Double(load(UInt16.self))
        case .int32: return Double(load(Int32.self))
        case .uint32: return Double(load(UInt32.self))
        case .int64: return Double(load(Int64.self))
        case .uint64: return Double(load(UInt64.self))
        case .float32: return Double(load(Float.self))
        case .float64: return load(Double.self)
        case .float16, .bit:
            var values = [Float](repeating: 0, count: index + 1)
            RowFormat(numbers: format, features: index + 1).decode(row, into: &values)
            return Double(values[index])
        }
    }

    func finish() throws { for output in outputs { try output.finish() } }
}
