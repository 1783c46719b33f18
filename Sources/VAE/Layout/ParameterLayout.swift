/// Where each parameter lies in the one flat buffer of parameters, and so in those of gradients and moments; the table of contents
/// of a checkpoint.
///
/// Parameters begin on cache lines; the gap behind one is 0 and stays 0.
public struct ParameterLayout: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// For example `encoder/0/weight`.
        public let name: String
        /// Row-major: weights are `[inputSize, outputSize]`, so that y = x W + b.
        public let shape: [Int]
        /// The elements of the flat buffer.
        public let range: Range<Int>
    }

    public private(set) var entries: [Entry] = []
    /// The floats of the flat buffer, gaps included.
    public private(set) var count = 0

    /// The number of parameters, without gaps.
    public var parameterCount: Int { entries.reduce(0) { $0 + $1.range.count } }

    init() {}

    /// Adds a parameter behind the others and gives its place.
    mutating func add(_ name: String, _ shape: [Int]) -> Range<Int> {
        let range = count..<count + shape.reduce(1, *)
        entries.append(Entry(name: name, shape: shape, range: range))
        count = (range.upperBound + 15) & ~15
        return range
    }
}
