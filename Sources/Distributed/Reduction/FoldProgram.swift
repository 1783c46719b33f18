/// The sum of some nodes of a ``FoldTree`` up to one node, compiled to a list of operations on blocks that fit the first-level
/// cache.
///
/// Sources are read once and in place, wherever they lie: in this rank's memory, in another rank's, or in a received message.
struct FoldProgram {
    /// Where an operand lies: among the sources, or in one of the scratch blocks.
    private enum Operand {
        case source(Int)
        case scratch(Int)
    }

    private enum Operation {
        case fold8(firstSource: Int, into: Int)
        case fold4(firstSource: Int, into: Int)
        case add(Operand, Operand, into: Int)
    }

    /// The floats of one block.
    static let blockSize = 4096

    let sourceCount: Int
    /// The scratch blocks that a run needs.
    let scratchCount: Int
    private let wire: WireFormat
    /// From this element on the sums are in fp32, see ``GradientGroups``.
    private let exactFrom: Int
    private let operations: [Operation]
    private let result: Operand

    /// - Parameter nodes: the sources, in order; together they cover the leaves of `root` exactly.
    init(tree: FoldTree, root: FoldTree.Node, sources nodes: [FoldTree.Node], wire: WireFormat, exactFrom: Int = .max) {
        let positions = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
        var operations: [Operation] = []
        var scratchCount = 0

        /// The source positions of the `2^depth` descendants of a node, if all of them are sources.
        func descendants(_ node: FoldTree.Node, depth: Int) -> [Int]? {
            if depth == 0 { return positions[node].map { [$0] } }
            guard positions[node] == nil, let (left, right) = tree.children(of: node),
                let a = descendants(left, depth: depth - 1), let b = descendants(right, depth: depth - 1)
            else { return nil }
            return a + b
        }
        func compile(_ node: FoldTree.Node, into block: Int) -> Operand {
            if let position = positions[node] { return .source(position) }
            scratchCount = max(scratchCount, block + 1)
            if let eight = descendants(node, depth: 3) {
                operations.append(.fold8(firstSource: eight[0], into: block))
            } else if let four = descendants(node, depth: 2) {
                operations.append(.fold4(firstSource: four[0], into: block))
            } else {
                guard let (left, right) = tree.children(of: node) else { preconditionFailure("a leaf has no source") }
                let a = compile(left, into: block)
                let b = if case .scratch = a { compile(right, into: block + 1) } else { compile(right, into: block) }
                operations.append(.add(a, b, into: block))
            }
            return .scratch(block)
        }
        result = compile(root, into: 0)
        sourceCount = nodes.count
        self.operations = operations
        self.wire = wire
        self.exactFrom = exactFrom
        self.scratchCount = scratchCount
    }

    /// The sum of the sources' elements `range`, in a scratch block or, of a single source, in place.
    ///
    /// - Parameters:
    ///   - sources: for each source the address at which element 0 of the flat parameters lies or would lie.
    ///   - range: at most ``blockSize`` elements.
    ///   - scratch: ``scratchCount`` blocks.
    func run(
        _ sources: UnsafePointer<UnsafePointer<Float>?>, range: Range<Int>, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let wire = range.lowerBound < exactFrom ? wire : .fp32
        for operation in operations {
            switch operation {
            case .fold8(let first, let block):
                wire.fold8(scratch + block * Self.blockSize, sources + first, range.lowerBound, range.count)
            case .fold4(let first, let block):
                wire.fold4(scratch + block * Self.blockSize, sources + first, range.lowerBound, range.count)
            case .add(let a, let b, let block):
                wire.add(
                    scratch + block * Self.blockSize, address(a, sources, range, scratch),
                    address(b, sources, range, scratch), range.count)
            }
        }
        return address(result, sources, range, scratch)
    }

    @inline(__always)
    private func address(
        _ operand: Operand, _ sources: UnsafePointer<UnsafePointer<Float>?>, _ range: Range<Int>,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        switch operand {
        case .source(let index): sources[index]! + range.lowerBound
        case .scratch(let block): UnsafePointer(scratch + block * Self.blockSize)
        }
    }
}
