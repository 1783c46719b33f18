/// What a parameter is to its layer, and so what training does to it.
public enum ParameterRole: String, Sendable {
    case weight, bias
    /// The factor and the shift of a normalisation.
    case gain, shift
    /// What is not trained but counted, such as running means: summed over the tree in fp32 whatever goes over the wire, and never clipped,
    /// decayed, or given moments. Statistics lie behind all other parameters.
    case statistic
}

/// Parameters that are trained together: their norm is clipped as one.
public struct ParameterGroup: Sendable, Equatable {
    public let name: String
    public init(name: String) { self.name = name }

    public static let model = ParameterGroup(name: "model")
}

/// Where each parameter lies in the one flat buffer of parameters, and so in those of gradients and moments; the table of contents
/// of a checkpoint.
///
/// Parameters begin on cache lines; the gap behind one is 0 and stays 0. Groups, and the statistics at the end, begin at whole blocks of
/// ``blockSize`` elements, by which gradients are summed.
public struct ParameterLayout: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// For example `encoder/0/weight`.
        public let name: String
        /// Row-major: weights are `[inputs, outputs]`, so that y = x W + b.
        public let shape: [Int]
        public let role: ParameterRole
        public let group: ParameterGroup
        /// The elements of the flat buffer.
        public let range: Range<Int>

        /// Whether its first axis is the numbers of a row's conditions.
        public var isOfConditions: Bool {
            name.hasSuffix("/condition") || (shape.count == 2 && name.contains("/\(SharedHead.dispersionName)"))
        }
    }

    /// The elements that are summed at a time; a block's norm belongs to one group.
    public static let blockSize = 4096

    public private(set) var entries: [Entry] = []
    /// The floats of the flat buffer, gaps included.
    public private(set) var count = 0

    /// The number of parameters, without gaps and statistics.
    public var parameterCount: Int { entries.reduce(0) { $0 + ($1.role == .statistic ? 0 : $1.range.count) } }

    /// The trained elements of each group, in order; gaps at a group's end belong to it. All behind them are statistics.
    public var groups: [Range<Int>] {
        var groups: [(group: ParameterGroup, range: Range<Int>)] = []
        for entry in entries where entry.role != .statistic {
            let end = (entry.range.upperBound + 15) & ~15
            if groups.last?.group == entry.group {
                groups[groups.count - 1].range = groups[groups.count - 1].range.lowerBound..<end
            } else {
                groups.append((entry.group, entry.range.lowerBound..<end))
            }
        }
        return groups.map(\.range)
    }

    /// The first element of the statistics.
    public var statistics: Int { entries.first { $0.role == .statistic }?.range.lowerBound ?? count }

    /// The same without the statistics: what has moments.
    public var withMoments: ParameterLayout {
        var layout = self
        layout.entries.removeAll { $0.role == .statistic }
        return layout
    }

    public init() {}

    /// Adds a parameter behind the others and gives its place.
    ///
    /// - Precondition: statistics come last, and groups one after the other.
    public mutating func add(
        _ name: String, _ shape: [Int], _ role: ParameterRole, _ group: ParameterGroup = .model
    ) -> Range<Int> {
        if let last = entries.last, last.group != group || (last.role == .statistic) != (role == .statistic) {
            precondition(role == .statistic || !entries.contains { $0.role == .statistic || $0.group == group })
            count = (count + Self.blockSize - 1) / Self.blockSize * Self.blockSize
        }
        let range = count..<count + shape.reduce(1, *)
        entries.append(Entry(name: name, shape: shape, role: role, group: group, range: range))
        count = (range.upperBound + 15) & ~15
        return range
    }
}
