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
