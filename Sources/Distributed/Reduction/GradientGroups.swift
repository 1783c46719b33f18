/// How the elements of the flat parameters belong together.
///
/// Each group of trained parameters is clipped by its own norm. What lies in no group, behind the last, are statistics: they are summed in
/// fp32 whatever the wire, and are never clipped.
public struct GradientGroups: Sendable {
    /// The trained elements of each group.
    public let ranges: [Range<Int>]
    /// The first element of the statistics, at a whole block.
    let statistics: Int
    /// Elements that are not trained, in ascending order: their gradients count for nothing in a norm.
    private let frozen: [Range<Int>]

    /// - Precondition: groups begin at multiples of ``blockSize``, one behind the other; so do the statistics.
    public init(_ ranges: [Range<Int>], frozen: [Range<Int>] = []) {
        precondition(ranges.allSatisfy { $0.lowerBound % Self.blockSize == 0 })
        self.ranges = ranges
        self.frozen = frozen
        statistics = ((ranges.last?.upperBound ?? 0) + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    }

    /// The elements that are summed at a time; a block belongs to one group.
    public static let blockSize = FoldProgram.blockSize

    /// The group that a block's first element belongs to; nil for statistics.
    func index(of element: Int) -> Int? { ranges.firstIndex { $0.contains(element) } }

    /// Makes the gradients of what is not trained 0.
    ///
    /// - Parameter gradient: of the elements of `part`.
    func clearFrozen(_ gradient: UnsafeMutablePointer<Float>, of part: Range<Int>) {
        for range in frozen {
            let own = range.clamped(to: part)
            (gradient + own.lowerBound - part.lowerBound).update(repeating: 0, count: own.count)
        }
    }

    /// The blocks of a group.
    func blocks(ofGroup index: Int) -> Range<Int> {
        let (range, size) = (ranges[index], Self.blockSize)
        return range.lowerBound / size..<(range.upperBound + size - 1) / size
    }
}
