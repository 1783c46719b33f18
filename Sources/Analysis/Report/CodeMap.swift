internal import Datasets
internal import Foundation
internal import Pages
internal import Statistics
internal import Support

/// Codes by the three directions in which they differ most, coloured by what is known of their rows.
struct CodeMap {
    /// Points of one colour and shape.
    private struct Group {
        let colour: String
        var mark = Mark.disc
        var places: [Int] = []
    }

    private let components: PrincipalComponents
    /// Of each point its places along the components.
    private let points: [[Double]]
    /// Rows that the points are of.
    private let count: Int

    init(_ embeddings: RunEmbeddings) {
        let (size, codes) = (embeddings.klPerLatent.count, embeddings.codes)
        let components = PrincipalComponents(codes, size: size, wanted: 3)
        self.components = components
        points = (0..<codes.count / size).map { components.place(codes[$0 * size..<($0 + 1) * size]) }
        count = embeddings.count
    }

    /// Adds a map, coloured by some values, or without colours.
    func add(_ given: PointValues?, to page: inout HTMLPage) {
        // One class alone needs no colours.
        let constant = given.flatMap { values in values.constant.map { ", all with \(values.name) \($0)" } }
        let values = constant == nil ? given : nil
        let (groups, key, seen) = grouped(values)
        let shares = components.shares.map { String(format: "%.0f", 100 * $0) }
        // A direction in which next to nothing differs needs no picture.
        let pairs = components.shares[2] >= 0.01 ? [(0, 1), (2, 1)] : [(0, 1)]
        let charts = pairs.map { x, y in
            var chart = Chart(x: range(x), y: range(y), height: 420)
            for group in groups {
                chart.points(group.places.map { (points[$0][x], points[$0][y]) }, group.mark, colour: group.colour, radius: 2)
            }
            return chart.svg(
                xTitle: "component \(x + 1), \(shares[x])% of the variance", yTitle: "component \(y + 1), \(shares[y])%",
                alt: "Map of \(points.count) codes by components \(x + 1) and \(y + 1)\(seen)")
        }
        let of = points.count == count ? "\(count) rows" : "\(points.count) of \(count) rows"
        let by = pairs.count == 1 ? "the two principal components" : "the first three principal components"
        page.section(
            "Map of the codes\(values.map { " by \($0.name)" } ?? "")",
            note: "\(of) by \(by) of their codes\(values.map { ", coloured by \($0.name)" } ?? constant ?? "").",
            (charts.count == 1 ? charts[0] : HTMLPage.multiples(charts)) + key)
    }

    /// A little wider than the points.
    private func range(_ component: Int) -> ClosedRange<Double> {
        let values = points.map { $0[component] }
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        return low - 0.03 * (high - low)...high + 0.03 * (high - low)
    }

    /// The points by their looks, those behind others first; what the looks mean; and the same in words.
    private func grouped(_ values: PointValues?) -> (groups: [Group], key: String, seen: String) {
        switch values?.kind {
        case nil: ([Group(colour: Palette.colours[0], places: Array(points.indices))], "", ".")
        case .classes(let classes)?: byClass(classes)
        case .numbers(let numbers)?: byNumber(numbers, values!.name)
        }
    }

    /// Colours and shapes for the most frequent classes, in the classes' order; the others are named.
    private func byClass(_ texts: [String]) -> (groups: [Group], key: String, seen: String) {
        let classes = LabelClasses(texts)
        let counts = classes.counts
        let frequent = counts.keys.sorted { (-counts[$0]!, $0) < (-counts[$1]!, $1) }
        let shown = frequent.prefix(PointValues.mostClasses).sorted { $0.precedesNaturally($1) }
        let rest = frequent.dropFirst(PointValues.mostClasses)
        var groups = shown.indices.map {
            Group(
                colour: Palette.colours[$0 % Palette.colours.count],
                mark: Mark.allCases[$0 / Palette.colours.count % Mark.allCases.count])
        }
        let places = Dictionary(uniqueKeysWithValues: zip(shown, shown.indices))
        var other = Group(colour: Palette.other)
        for (point, text) in texts.enumerated() {
            if let place = places[text] { groups[place].places.append(point) } else { other.places.append(point) }
        }
        var entries = zip(shown, groups).map { (name: "\($0) (\(counts[$0]!))", colour: $1.colour, mark: $1.mark) }
        let missing = classes.rowsWithoutLabel
        let words = [rest.isEmpty ? nil : "\(rest.count) others", missing > 0 ? "no label (\(missing))" : nil].compactMap(\.self)
        if !words.isEmpty { entries.append((words.joined(separator: ", "), Palette.other, .disc)) }
        var key = HTMLPage.legend(entries)
        if !rest.isEmpty { key += HTMLPage.note("Others: \(Self.listed(rest.sorted { $0.precedesNaturally($1) })).") }
        let largest = frequent.prefix(8).map { "\($0) \(counts[$0]!)" }.joined(separator: ", ")
        return (
            [other] + groups.sorted { $0.places.count > $1.places.count }, key,
            ", coloured by \(counts.count) classes: \(largest)\(counts.count > 8 ? ", ..." : "")."
        )
    }

    private static func listed(_ names: [String], most: Int = 100) -> String {
        names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
    }

    /// Colours from the least to the greatest number; a hundredth at both ends has the colours of the ends.
    private func byNumber(_ numbers: [Double], _ name: String) -> (groups: [Group], key: String, seen: String) {
        let sorted = numbers.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return byClass(numbers.map { _ in "" }) }
        func quantile(_ share: Double) -> Double { sorted[Int(share * Double(sorted.count - 1))] }
        let (low, high) = quantile(0.01) < quantile(0.99) ? (quantile(0.01), quantile(0.99)) : (first, last)
        var groups = Palette.scale.map { Group(colour: $0) }
        var other = Group(colour: Palette.other)
        for (point, number) in numbers.enumerated() {
            guard number.isFinite else {
                other.places.append(point)
                continue
            }
            let share = high > low ? max(0, min(1, (number - low) / (high - low))) : 0.5
            groups[Int((share * Double(groups.count - 1)).rounded())].places.append(point)
        }
        func text(_ value: Double) -> String { String(format: "%.4g", value) }
        var key = HTMLPage.scale(
            name, low: (low > first ? "at most " : "") + text(low), middle: text((low + high) / 2),
            high: (high < last ? "at least " : "") + text(high))
        if !other.places.isEmpty { key += HTMLPage.legend([(name: "no number (\(other.places.count))", colour: Palette.other)]) }
        return ([other] + groups, key, ", coloured by \(name) from \(text(first)) to \(text(last)).")
    }
}
