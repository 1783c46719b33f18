internal import Analysis
internal import Foundation
internal import Support
internal import VAE

/// `sweep.svg`: the validation ELBO of all runs over the values of the first key, a colour for each combination of the others. Runs
/// that only differ in fold and seed are dots; the line goes through their means.
struct SweepPlot {
    private let table: SweepTable
    private let axis: Int
    private static let width = 520.0
    private static let chartHeight = 280.0
    private static let lineHeight = 18.0

    init(_ table: SweepTable) {
        self.table = table
        axis = table.axes.firstIndex { !$0.isRepeat } ?? 0
    }

    /// nil while no run is done.
    var svg: String? {
        let places = self.places
        // In the order of the grid: the points of each combination of the other keys, with the places of their values.
        var names: [String] = []
        var series: [String: [(x: Double, elbo: Double)]] = [:]
        for run in table.runs {
            let others = table.axes.indices.filter { $0 != axis && !table.axes[$0].isRepeat }
            let name = others.map { "\(table.axes[$0].key)=\(run.values[$0])" }.joined(separator: ",")
            guard let elbo = run.mean(\.elbo), elbo.isFinite, let x = places.x[run.values[axis]] else { continue }
            if series[name] == nil { names.append(name) }
            series[name, default: []].append((x, elbo))
        }
        let all = series.values.joined()
        guard let low = all.map(\.elbo).min(), let high = all.map(\.elbo).max() else { return nil }
        let (left, right) = (places.x.values.min()!, places.x.values.max()!)
        let margins = (x: (right - left) * 0.03, y: (high - low) * 0.05)
        var chart = Chart(
            x: left - margins.x...right + margins.x, y: low - margins.y...high + margins.y, height: Self.chartHeight, wholeX: places.areNumbered)
        for (index, name) in names.enumerated() {
            let colour = Palette.colours[index % Palette.colours.count]
            let points = series[name]!
            for point in points { chart.dot((point.x, point.elbo), colour: colour, radius: 3) }
            let means = Set(points.map(\.x)).sorted().map { x in
                let elbos = points.filter { $0.x == x }.map(\.elbo)
                return (x, elbos.reduce(0, +) / Double(elbos.count))
            }
            if means.count > 1 { chart.line(means, colour: colour) }
        }
        let inner = chart.svg(
            xTitle: places.title, yTitle: "validation ELBO, nats per row", alt: "validation ELBO by \(table.axes[axis].key)")
        return framed(inner, legend: names.filter { !$0.isEmpty })
    }

    /// Where the values of the first key stand on the axis: by their size, its logarithm, or their order.
    private var places: (x: [String: Double], title: String, areNumbered: Bool) {
        let (key, values) = (table.axes[axis].key, table.axes[axis].values)
        let numbers = values.compactMap { Double($0) }.filter(\.isFinite)
        guard numbers.count == values.count else {
            let title = values.enumerated().map { "\($0 + 1) = \($1)" }.joined(separator: ", ")
            let x = Dictionary(zip(values, (1...values.count).map(Double.init))) { $1 }
            return (x, "\(key): \(title)", true)
        }
        let isWide = numbers.min()! > 0 && numbers.max()! >= 100 * numbers.min()!
        return (
            Dictionary(zip(values, isWide ? numbers.map { Elementary.log10($0) } : numbers)) { $1 },
            isWide ? "log10 \(key)" : key, false
        )
    }

    /// The chart as a file of its own, with what the colours mean below it. Keys and values have no characters that XML gives a meaning.
    private func framed(_ chart: String, legend: [String]) -> String {
        let height = Self.chartHeight + Double(legend.count) * Self.lineHeight + (legend.isEmpty ? 0 : 6)
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(height))" width="\(Int(Self.width))" \
            height="\(Int(height))" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <svg width="\(Int(Self.width))" height="\(Int(Self.chartHeight))">
            \(chart)</svg>

            """
        for (index, name) in legend.enumerated() {
            let y = Self.chartHeight + Double(index) * Self.lineHeight
            let colour = Palette.colours[index % Palette.colours.count]
            text += "<rect x=\"58\" y=\"\(Int(y + 2))\" width=\"10\" height=\"10\" fill=\"\(colour)\"/>"
            text += "<text x=\"74\" y=\"\(Int(y + 11))\">\(name)</text>\n"
        }
        return text + "</svg>\n"
    }
}
