package import Distributed
internal import HDF5
internal import Support

/// What the ranks find out about all rows together.
extension DataSource {
    /// Takes the rows' weights times what makes their mean over the training rows 1, so that the learning rate keeps its meaning.
    /// Collective. Throws ``SharedFailure``.
    package func normalizeWeights(of rows: RowSet, world: World) throws {
        guard let weights else { return }
        weightScale = try world.together {
            var sum = 0.0
            do {
                for first in stride(from: 0, to: rows.count, by: 1 << 16) {
                    sum += try weights.doubles(rows.rows(first..<min(first + 1 << 16, rows.count))).reduce(0, +)
                }
            } catch let error as HDF5Error {
                throw Failure(error)
            }
            guard sum > 0, sum.isFinite else {
                throw Failure(.badData, "\(name): the weights of the training rows add up to \(sum), but must be above 0")
            }
            return Double(rows.count) / sum
        }
    }

    /// Leaves out the rows with values that are not numbers, which the ranks look for together. Collective. Throws ``SharedFailure``.
    package func dropMissing(_ allowed: AllowedValues, world: World) throws {
        guard format.numbers.isFloat else { return }
        let own = try world.together {
            var allowed = allowed
            allowed.takeMissing()
            let reader = try ExactRows(self, allowed)
            // Whole words of bits, so that the ranks' parts can be put together.
            let words = ShardPlan.part(world.rank, of: world.size, count: (selection.universe + 63) / 64)
            var bits = Array(selection.words[words])
            let step = 1 << 10
            for first in stride(from: words.lowerBound, to: words.upperBound, by: step) {
                let some = first * 64..<min(min(first + step, words.upperBound) * 64, selection.universe)
                let rows = some.filter { selection.contains($0) }.map(Int64.init)
                try reader.forEach(rows) { index, values in
                    guard (0..<features).contains(where: { values[$0].isNaN }) else { return }
                    bits[Int(rows[index]) / 64 - words.lowerBound] &= ~(1 << UInt64(rows[index] % 64))
                }
            }
            return bits
        }
        let kept = RowSet(universe: selection.universe, bits: try world.communicator.allGather(own).flatMap { $0 })
        try world.together {
            guard kept.count > 0 else { throw Failure(.badData, "\(name): every row has values that are not numbers (NaN)") }
        }
        keep(kept)
    }
}

extension DataSource {
    /// The mean bytes of a row's values in their file, uncompressed, of sparse rows with a place of 4 bytes each.
    package var storedRowBytes: Double {
        let all = content.rowCount
        guard let values = content.valueCount(0..<all) else { return Double(content.stored.byteCount(features)) }
        return Double(values) * Double(content.stored.byteCount(1) + 4) / Double(all)
    }

    /// About the bytes that rows take in memory, those of a range of some.
    package func byteCount(_ rows: RowSet, _ range: Range<Int>, _ preparation: Preparation) -> Int {
        // What is scaled before it is kept has no zeros left.
        let isWhole = !format.isPacked || format.isWide && preparation.needsStatistics
        guard !isWhole, let first = rows.rows(range.prefix(1)).first, let last = rows.rows(range.suffix(1)).first,
            let values = content.valueCount(Int(first)..<Int(last) + 1)
        else { return RowStore.byteCount(format: format, rows: range.count) }
        let share = Double(range.count) / Double(last - first + 1)
        return RowStore.byteCount(packed: Int(share * Double(values)), rows: range.count, format)
    }

    /// The largest value of some columns over some rows, 0 where all are missing, which the ranks look for together. Collective. Throws
    /// ``SharedFailure``, as for values that are not allowed.
    package func largest(of columns: [Int], _ rows: RowSet, _ allowed: AllowedValues, world: World) throws -> [Double] {
        let own = try world.together {
            let reader = try ExactRows(self, allowed)
            var largest = [Double](repeating: 0, count: columns.count)
            let part = ShardPlan.part(world.rank, of: world.size, count: rows.count)
            for first in stride(from: part.lowerBound, to: part.upperBound, by: 1 << 16) {
                try reader.forEach(rows.rows(first..<min(first + 1 << 16, part.upperBound))) { _, values in
                    // What is not a number is larger than nothing.
                    for (place, column) in columns.enumerated() where values[column] > largest[place] {
                        largest[place] = values[column]
                    }
                }
            }
            return largest
        }
        let all = try world.communicator.allGather(own)
        return columns.indices.map { place in all.reduce(0) { max($0, $1[place]) } }
    }
}
