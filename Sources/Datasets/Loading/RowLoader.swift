internal import CKernels
internal import Distributed
internal import HDF5
internal import Support

/// Reads rows of a source into memory, for one thread, and looks at their values.
package final class RowLoader {
    private let source: DataSource
    private let preparation: Preparation
    /// By columns; empty where numbers of the format cannot be others.
    private let allowed: [AllowedValues.Stretch]
    private let input: Input
    /// Where rows are decoded to be looked at.
    private let decoded: UnsafeMutablePointer<Float>

    /// How rows are read.
    private enum Input {
        /// As they are kept.
        case kept(any RowReader)
        /// Those that are wide (``RowFormat/isWide``), to be prepared before they are rounded.
        case exact(ExactRows)
    }

    /// Where rows are read that are not all wanted.
    private var scratch: UnsafeMutableRawPointer?
    /// Rows that are read at once where some between them are not wanted.
    private let stretch: Int

    /// - Parameters:
    ///   - preparation: what the rows are for; with its statistics, if the source is wide.
    ///   - stretch: the most rows that are read at once where some of them are not wanted; 0 for 4 MiB of them.
    /// - Throws: ``Failure``.
    package init(_ source: DataSource, _ preparation: Preparation, stretch: Int = 0) throws {
        precondition(preparation.isComplete || !source.format.isWide, "statistics come before rows")
        self.source = source
        self.preparation = preparation
        let allowed = preparation.allowed
        self.allowed = allowed.byColumns(source.features).filter { $0.allowed.mustBeChecked(source.format.numbers) }
        self.stretch = stretch > 0 ? stretch : max(1, (4 << 20) / source.format.rowBytes)
        do {
            input =
                source.format.isWide
                ? .exact(try ExactRows(source, allowed, stretch: stretch))
                : .kept(try source.content.makeReader(source.format.numbers))
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        decoded = .allocate(capacity: source.features)
    }

    deinit {
        scratch?.deallocate()
        decoded.deallocate()
    }

    /// The memory that reading takes besides that of the rows, in bytes.
    package var memoryBytes: Int {
        switch input {
        case .kept(let reader):
            reader.memoryBytes + (scratch == nil && !source.format.isPacked ? 0 : stretch * source.format.rowBytes)
        case .exact(let rows): rows.memoryBytes
        }
    }

    /// Reads rows, in ascending order, to a position of a store and those after it.
    ///
    /// - Throws: ``Failure`` naming row and column of the first value that is not allowed.
    package func load(_ rows: [Int64], into store: RowStore, at position: Int) throws {
        do {
            switch input {
            case .kept(let reader): try load(rows, by: reader, into: store, at: position)
            case .exact(let exact): try load(rows, by: exact, into: store, at: position)
            }
            (store.rows + position).update(from: rows, count: rows.count)
            if let weights = source.weights { try load(weights, rows, into: store.weights + position) }
            if let values = source.conditionValues, let conditions = source.conditions {
                try values.encode(rows, as: conditions, of: source.name, into: store.conditions + position * conditions.width)
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    private func load(_ rows: [Int64], by reader: any RowReader, into store: RowStore, at position: Int) throws {
        let rowBytes = source.format.rowBytes
        var done = 0
        while done < rows.count {
            Heartbeat.beat()
            let first = Int(rows[done])
            var end = done + 1
            if !source.format.isPacked {
                // Rows that follow each other go to their place at once.
                while end < rows.count, Int(rows[end]) == first + end - done { end += 1 }
                if end - done >= 64 || end == rows.count {
                    let target = store.memory + (position + done) * rowBytes
                    try reader.read(first..<first + end - done, into: target)
                    for index in done..<end { try check(target + (index - done) * rowBytes, row: rows[index]) }
                    done = end
                    continue
                }
            }
            // Fewer than follow each other, where the memory does not take more.
            end = done + 1
            while end < rows.count, Int(rows[end]) < first + stretch { end += 1 }
            let range = first..<Int(rows[end - 1]) + 1
            let scratch = self.scratch ?? .allocate(byteCount: stretch * rowBytes, alignment: 64)
            self.scratch = scratch
            try reader.read(range, into: scratch)
            for index in done..<end {
                let numbers = scratch + (Int(rows[index]) - first) * rowBytes
                try check(numbers, row: rows[index])
                store.keep(numbers, at: position + index)
            }
            done = end
        }
    }

    private func load(_ rows: [Int64], by exact: ExactRows, into store: RowStore, at position: Int) throws {
        let features = source.features
        let finite = AllowedValues(missing: true).floats
        try exact.forEach(rows) { index, values in
            preparation.prepare(values, into: decoded, features: features)
            let column = kernel_find_outside(decoded, finite.lowerBound, finite.upperBound, 1, features)
            guard column == features else {
                throw Failure(
                    .badData,
                    "\(source.name): row \(rows[index]), column \(column) is so far from the training rows that, scaled as they are, it "
                        + "is beyond what 32-bit floats hold")
            }
            store.keep(decoded, at: position + index)
        }
    }

    private func load(_ weights: RowValues, _ rows: [Int64], into target: UnsafeMutablePointer<Float>) throws {
        for (index, weight) in try weights.doubles(rows).enumerated() {
            guard weight >= 0, weight <= 1e30 else {
                throw Failure(.badData, "\(source.name): the weight of row \(rows[index]) is \(weight), but must be at least 0")
            }
            target[index] = Float(weight * source.weightScale)
        }
    }

    private func check(_ numbers: UnsafeRawPointer, row: Int64) throws {
        guard !allowed.isEmpty else { return }
        var values = UnsafePointer(decoded)
        if source.format.numbers == .float32 {
            values = numbers.assumingMemoryBound(to: Float.self)
        } else {
            source.format.decode(numbers, into: decoded)
        }
        for stretch in allowed {
            let (columns, allowed) = (stretch.columns, stretch.allowed)
            let range = allowed.floats
            var column = columns.lowerBound
            while true {
                column += kernel_find_outside(
                    values + column, range.lowerBound, range.upperBound, allowed.missing ? 1 : 0, columns.upperBound - column)
                guard column < columns.upperBound else { break }
                try allowed.check(values[column], at: "\(source.name): row \(row), column \(column)")
                column += 1
            }
            guard allowed.isWhole else { continue }
            column = columns.lowerBound + kernel_find_fraction(values + columns.lowerBound, columns.count)
            guard column < columns.upperBound else { continue }
            try allowed.check(values[column], at: "\(source.name): row \(row), column \(column)")
        }
    }
}
