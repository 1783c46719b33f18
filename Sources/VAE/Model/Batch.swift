/// Rows to work on.
public struct Batch {
    /// `[rowCount, inputSize]`
    public var input: UnsafePointer<Float>
    /// `[rowCount, encoder's inputs]`, where the encoder sees something else than ``input``: values and mask, or corrupted values; else nil.
    public var encoderInput: UnsafePointer<Float>?
    /// `[rowCount, inputSize]`: 1 for values that are there, 0 for missing ones; nil if none are missing.
    public var mask: UnsafePointer<Float>?
    /// `[rowCount, conditionSize]`: of encoder and decoder; nil where the model has none.
    public var conditions: UnsafePointer<Float>?
    /// `[rowCount]`: the class of each row, below 0 for none; nil where none has any.
    public var classes: UnsafePointer<Int32>?
    /// `[rowCount]`: how much each row counts.
    public var weights: UnsafePointer<Float>
    public var rowCount: Int
    /// The row of the data set that each is; it keys the row's noise.
    public var rows: UnsafePointer<Int64>

    public init(
        input: UnsafePointer<Float>, encoderInput: UnsafePointer<Float>? = nil, mask: UnsafePointer<Float>? = nil,
        conditions: UnsafePointer<Float>? = nil, classes: UnsafePointer<Int32>? = nil, weights: UnsafePointer<Float>,
        rowCount: Int, rows: UnsafePointer<Int64>
    ) {
        self.input = input
        self.encoderInput = encoderInput
        self.mask = mask
        self.conditions = conditions
        self.classes = classes
        self.weights = weights
        self.rowCount = rowCount
        self.rows = rows
    }

    /// What the encoder sees.
    var seen: UnsafePointer<Float> { encoderInput ?? input }

    func slice(_ range: Range<Int>, of model: Model) -> Batch {
        let first = range.lowerBound
        return Batch(
            input: input + first * model.inputSize, encoderInput: encoderInput.map { $0 + first * model.encoder.input.count },
            mask: mask.map { $0 + first * model.inputSize },
            conditions: conditions.map { $0 + first * model.conditionSize }, classes: classes.map { $0 + first },
            weights: weights + first, rowCount: range.count,
            rows: rows + first)
    }
}
