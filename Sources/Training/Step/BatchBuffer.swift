internal import CKernels
package import Datasets
package import Randomness
internal import Support
package import VAE

/// Where rows are decoded and prepared to be worked on, by one thread or by several that take some of the rows each.
package final class BatchBuffer {
    private let preparation: Preparation
    private let format: RowFormat
    private let capacity: Int
    private let input: AlignedBuffer
    /// By worker: a row before it is rounded, where rows are prepared in double precision and have not been so when they were read.
    private let exact: [AlignedMemory<Double>]
    /// Of rows with missing values: 1 for those that are there; and what the encoder sees, values and mask.
    private let mask: AlignedBuffer?
    private let encoderInput: AlignedBuffer?
    /// What is done to the rows that the encoder sees, and the rows then; nil for nothing.
    private let corruption: Corruption?
    private let corrupted: AlignedBuffer?
    private let numbers: UnsafeMutablePointer<UnsafeRawPointer>
    private let rows: UnsafeMutablePointer<Int64>
    private let weights: UnsafeMutablePointer<Float>
    private let conditions: AlignedBuffer?
    /// Of each row of the data set its class, and those of the rows of the batch; empty where they are no matter.
    private let known: [Int32]
    private let classes: AlignedMemory<Int32>

    /// - Parameters:
    ///   - corruption: for training alone.
    ///   - classes: of each row of the data set its class, below 0 for none; empty where they are no matter.
    ///   - workers: the threads that fill it.
    package init(
        capacity: Int, format: RowFormat, preparation: Preparation, corruption: Corruption? = nil, classes: [Int32] = [],
        workers: Int = 1
    ) {
        self.preparation = preparation
        self.format = format
        self.capacity = max(capacity, 1)
        input = AlignedBuffer(count: self.capacity * format.features)
        let isExact = preparation.isExact(format) && !format.isWide
        exact = (0..<(isExact ? workers : 0)).map { _ in AlignedMemory<Double>(count: format.features) }
        mask = preparation.masks ? AlignedBuffer(count: self.capacity * format.features) : nil
        encoderInput = preparation.masks ? AlignedBuffer(count: 2 * self.capacity * format.features) : nil
        self.corruption = corruption
        corrupted = corruption == nil ? nil : AlignedBuffer(count: self.capacity * format.features)
        numbers = .allocate(capacity: self.capacity)
        rows = .allocate(capacity: self.capacity)
        weights = .allocate(capacity: self.capacity)
        known = classes
        self.classes = AlignedMemory<Int32>(count: classes.isEmpty ? 0 : self.capacity)
        conditions = format.conditions > 0 ? AlignedBuffer(count: self.capacity * format.conditions) : nil
    }

    deinit {
        numbers.deallocate()
        rows.deallocate()
        weights.deallocate()
    }

    /// Decodes and prepares all rows of a batch.
    ///
    /// - Parameters:
    ///   - noise: seed and epoch of what is drawn.
    ///   - row: the row that comes at an index of the batch.
    package func fill(count: Int, noise: NoiseKey, row: (_ index: Int) -> KeptRow) -> Batch {
        fill(0..<count, noise: noise, row: row)
        return batch(count: count)
    }

    /// Decodes and prepares some rows of a batch.
    package func fill(_ range: Range<Int>, noise: NoiseKey, worker: Int = 0, row: (_ index: Int) -> KeptRow) {
        precondition(range.upperBound <= capacity)
        for index in range {
            let kept = row(index)
            numbers[index] = kept.numbers
            rows[index] = kept.row
            weights[index] = kept.weight
            if !known.isEmpty { classes.pointer[index] = known[Int(kept.row)] }
            if let conditions {
                (conditions.pointer + index * format.conditions).update(from: kept.conditions, count: format.conditions)
            }
        }
        let features = format.features
        let (first, count) = (range.lowerBound * features, range.count)
        let values = input.pointer + first
        for index in range {
            // Rows are drawn at random: the memory is asked for each while those before it are decoded.
            if index + Self.lead < range.upperBound { format.prefetch(numbers[index + Self.lead]) }
            let row = input.pointer + index * features
            if exact.isEmpty {
                format.decode(numbers[index], into: row)
            } else {
                format.decode(numbers[index], into: exact[worker].pointer)
                preparation.prepare(exact[worker].pointer, into: row, features: features)
            }
        }
        let numbers = rows + range.lowerBound
        if let mask { kernel_take_missing(values, mask.pointer + first, count * features) }
        if !preparation.isExact(format) { preparation.apply(values, rows: count, features: features) }
        preparation.draw(values, rowNumbers: numbers, rows: count, features: features, noise: noise)
        if let mask, let encoderInput {
            kernel_join_mask(values, mask.pointer + first, encoderInput.pointer + 2 * first, count, features)
        }
        if let corruption, let corrupted {
            corruption.apply(
                values, into: corrupted.pointer + first, rowNumbers: numbers, rows: count, features: features, noise: noise)
            if let mask, let encoderInput {
                kernel_join_mask(
                    corrupted.pointer + first, mask.pointer + first, encoderInput.pointer + 2 * first, count, features)
            }
        }
    }

    /// The first rows, as they were filled in.
    package func batch(count: Int) -> Batch {
        Batch(
            input: input.pointer, encoderInput: (encoderInput ?? corrupted)?.pointer, mask: mask?.pointer,
            conditions: conditions?.pointer, classes: known.isEmpty ? nil : UnsafePointer(classes.pointer), weights: weights,
            rowCount: count, rows: rows)
    }

    private static let lead = 4
}
