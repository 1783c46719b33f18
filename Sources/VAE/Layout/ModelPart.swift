/// The networks of a model, by which the names of their parameters begin.
public enum ModelPart: String, Sendable, CaseIterable {
    case encoder, decoder
}

extension ParameterLayout {
    /// The parameters of a part, in order; all for nil.
    public func entries(of part: ModelPart?) -> [Entry] {
        guard let part else { return entries }
        return entries.filter { $0.name.hasPrefix("\(part.rawValue)/") }
    }

    /// The elements of a part, gaps behind its parameters included, in ascending order: one range, and one for its statistics.
    public func ranges(of part: ModelPart) -> [Range<Int>] {
        entries(of: part).reduce(into: []) { ranges, entry in
            let end = (entry.range.upperBound + 15) & ~15
            if let last = ranges.last, last.upperBound == entry.range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<end
            } else {
                ranges.append(entry.range.lowerBound..<end)
            }
        }
    }
}
