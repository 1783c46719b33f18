internal import Datasets
internal import Support
internal import Training
internal import VAE

/// The same conditions for each of a block's rows: those that rows are to be decoded with.
final class RepeatedConditions: @unchecked Sendable {
    /// `[rows, conditionSize]`
    let pointer: UnsafePointer<Float>
    private let values: UnsafeMutablePointer<Float>

    /// - Returns: nil for no conditions.
    init?(_ numbers: [Float], rows: Int = BlockPlan.blockSize) {
        guard !numbers.isEmpty else { return nil }
        values = .allocate(capacity: rows * numbers.count)
        for row in 0..<rows { for (place, number) in numbers.enumerated() { values[row * numbers.count + place] = number } }
        pointer = UnsafePointer(values)
    }

    deinit { values.deallocate() }

    /// - Parameter assignments: NAME=VALUE each, see ``Conditions/numbers(_:)``.
    /// - Returns: nil for a model without conditions.
    /// - Throws: ``Failure`` (64).
    convenience init?(_ assignments: [String], of checkpoint: Checkpoint) throws(Failure) {
        guard let conditions = checkpoint.conditions else {
            if let first = assignments.first { throw Failure(.usage, "--as \(first): the model was trained without --condition") }
            return nil
        }
        self.init(try conditions.numbers(assignments))
    }
}

/// The conditions that rows are decoded with in place of their own: one, or several, over which the means are averaged.
final class DecodingConditions: Sendable {
    private let choices: [RepeatedConditions]

    /// - Parameter assignments: NAME=VALUE each, or NAME=* for all categories, see ``Conditions/choices(_:)``.
    /// - Returns: nil where rows keep their own.
    /// - Throws: ``Failure`` (64).
    init?(_ assignments: [String], of checkpoint: Checkpoint) throws(Failure) {
        guard !assignments.isEmpty else { return nil }
        guard let conditions = checkpoint.conditions else {
            throw Failure(.usage, "--as \(assignments[0]): the model was trained without --condition")
        }
        choices = try conditions.choices(assignments).compactMap { RepeatedConditions($0) }
    }

    /// Writes the mean over the conditions of what rows are decoded to with each, added in their order.
    ///
    /// - Parameters:
    ///   - count: of all numbers of the rows.
    ///   - decode: writes what rows of these conditions, `[rows, conditionSize]`, are decoded to.
    func mean(
        _ target: UnsafeMutablePointer<Float>, count: Int, _ decode: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) {
        decode(choices[0].pointer, target)
        guard choices.count > 1 else { return }
        let other = AlignedBuffer(count: count)
        for choice in choices.dropFirst() {
            decode(choice.pointer, other.pointer)
            for i in 0..<count { target[i] += other.pointer[i] }
        }
        let divisor = Float(choices.count)
        for i in 0..<count { target[i] /= divisor }
    }
}
