internal import CKernels
internal import VAE

/// Where one worker decodes and prepares the rows it works on.
final class BatchBuffer {
    private let preparation: Preparation
    private let format: RowFormat
    private let capacity: Int
    private let input: AlignedBuffer
    /// A row before it is rounded, where rows are prepared in double precision and have not been so when they were read.
    private let exact: ExactValues?
    /// Of rows with missing values: 1 for those that are there; and what the encoder sees, values and mask.
    private let mask: AlignedBuffer?
    private let encoderInput: AlignedBuffer?
    /// What is done to the rows that the encoder sees, and the rows then; nil for nothing.
    private let corruption: Corruption?
    private let corrupted: AlignedBuffer?
    private let numbers: UnsafeMutablePointer<UnsafeRawPointer>
    private let rows: UnsafeMutablePointer<Int64>
    private let weights: UnsafeMutablePointer<Float>

    /// - Parameter corruption: for training alone.
    init(capacity: Int, format: RowFormat, preparation: Preparation, corruption: Corruption? = nil) {
        self.preparation = preparation
        self.format = format
        self.capacity = max(capacity, 1)
        input = AlignedBuffer(count: self.capacity * format.features)
        exact = preparation.isExact(format) && !format.isWide ? ExactValues(count: format.features) : nil
        mask = preparation.masks ? AlignedBuffer(count: self.capacity * format.features) : nil
        encoderInput = preparation.masks ? AlignedBuffer(count: 2 * self.capacity * format.features) : nil
        self.corruption = corruption
        corrupted = corruption == nil ? nil : AlignedBuffer(count: self.capacity * format.features)
        numbers = .allocate(capacity: self.capacity)
        rows = .allocate(capacity: self.capacity)
        weights = .allocate(capacity: self.capacity)
    }

    deinit {
        numbers.deallocate()
        rows.deallocate()
        weights.deallocate()
    }

    /// Decodes and prepares rows.
    ///
    /// - Parameters:
    ///   - noise: seed and epoch of what is drawn.
    ///   - row: the row that comes at an index of the batch.
    func fill(count: Int, noise: NoiseKey, row: (_ index: Int) -> KeptRow) -> Batch {
        precondition(count <= capacity)
        for index in 0..<count {
            let kept = row(index)
            numbers[index] = kept.numbers
            rows[index] = kept.row
            weights[index] = kept.weight
        }
        let features = format.features
        for index in 0..<count {
            // Rows are drawn at random: the memory is asked for each while those before it are decoded.
            if index + Self.lead < count { format.prefetch(numbers[index + Self.lead]) }
            let row = input.pointer + index * features
            if let exact {
                format.decode(numbers[index], into: exact.pointer)
                preparation.prepare(exact.pointer, into: row, features: features)
            } else {
                format.decode(numbers[index], into: row)
            }
        }
        if let mask { kernel_take_missing(input.pointer, mask.pointer, count * features) }
        if !preparation.isExact(format) { preparation.apply(input.pointer, rows: count, features: features) }
        preparation.draw(input.pointer, rowNumbers: rows, rows: count, features: features, noise: noise)
        if let mask, let encoderInput {
            kernel_join_mask(input.pointer, mask.pointer, encoderInput.pointer, count, features)
        }
        if let corruption, let corrupted {
            corruption.apply(
                input.pointer, into: corrupted.pointer, rowNumbers: rows, rows: count, features: features, noise: noise)
            if let mask, let encoderInput {
                kernel_join_mask(corrupted.pointer, mask.pointer, encoderInput.pointer, count, features)
            }
        }
        return Batch(
            input: input.pointer, encoderInput: (encoderInput ?? corrupted)?.pointer, mask: mask?.pointer, weights: weights,
            rowCount: count,
            rows: rows)
    }

    private static let lead = 4
}
