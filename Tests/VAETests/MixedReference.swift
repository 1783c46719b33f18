import Foundation
import VAE

/// Tables in Double: what their encoder sees, and the sum of their columns' losses.
struct MixedReference {
    let parts: [ColumnPart]

    /// The values, those of categories as indicators, those of counts and of what is positive as log(1 + x); behind them, where there is one, the mask.
    func input(_ x: [Double], seesMask: Bool) -> [Double] {
        let values = x.indices.flatMap { column -> [Double] in
            let part = parts.first { $0.columns.contains(column) }!
            let value = x[column].isNaN ? 0 : x[column]
            if let place = part.columns.firstIndex(of: column), !part.categories.isEmpty {
                // Grades, too.
                return (0..<part.categories[place]).map { !x[column].isNaN && value == Double($0) ? 1 : 0 }
            }
            return ["poisson", "nb", "zinb", "multinomial", "log-normal"].contains(part.likelihood.rawValue)
                ? [log1p(value)] : [value]
        }
        return values + (seesMask ? x.map { $0.isNaN ? 0 : 1 } : [])
    }

    /// What a likelihood takes at once.
    private var members: [(part: ColumnPart, columns: [Int], categories: Int?, indicators: Int?)] {
        parts.flatMap { part -> [(part: ColumnPart, columns: [Int], categories: Int?, indicators: Int?)] in
            if part.categories.isEmpty { return [(part, part.columns, nil, nil)] }
            return zip(part.columns, part.categories).map { (part, [$0], $1, part.likelihood == .ordinal ? nil : $1) }
        }
    }

    /// The numbers of parameters' heads, by their names' endings: of a member's features, or one that is all features'.
    func shared(_ number: Int, _ values: ArraySlice<Double>) -> [Double] {
        let member = members[number]
        let width = member.indicators ?? member.columns.count
        return values.count == width ? Array(values) : Array(repeating: values.first!, count: width)
    }

    /// - Parameters:
    ///   - output: the decoder's.
    ///   - shared: by member, see ``shared(_:_:)``.
    func loss(_ x: [Double], _ output: [Double], _ shared: [[Double]]) -> Double {
        var place = 0
        var sum = 0.0
        for (number, member) in members.enumerated() {
            let width = member.indicators ?? member.columns.count
            let name = member.part.likelihood.rawValue
            let heads =
                (name == "nb" && shared[number].isEmpty) || name == "gaussian-learned"
                    || (name == "zinb" && !shared[number].isEmpty)
                ? 2 : name == "zinb" ? 3 : 1
            let own = Array(output[place..<place + heads * width]) + shared[number]
            place += heads * width
            var values = member.columns.map { x[$0] }
            if let categories = member.indicators {
                values = (0..<categories).map { values[0].isNaN ? .nan : values[0] == Double($0) ? 1 : 0 }
            }
            var settings = member.part.settings
            settings.categories = member.categories ?? 2
            sum += Reference.loss(member.part.likelihood, values, own, settings)
        }
        precondition(place == output.count)
        return sum
    }
}
