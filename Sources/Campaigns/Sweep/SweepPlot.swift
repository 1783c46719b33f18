internal import Foundation
internal import Pages
internal import Support
internal import VAE

/// The validation ELBO of all runs over the values of the first key, a colour for each combination of the others. Runs that only differ in
/// fold and seed are dots; the line goes through their means, with their standard errors. The best is marked.
struct SweepPlot {
    /// Runs that only differ in the first key, fold and seed.
    private struct Series {
        let name: String
        var dots: [(x: Double, elbo: Double)] = []
        /// Means, and their standard errors where there are several runs.
        var means: [(x: Double, elbo: Double, error: Double?)] = []
    }

    private let table: SweepTable
    private let axis: Int
    private let series: [Series]
    /// The highest mean, where it stands.
    private let best: (x: Double, elbo: Double, name: String)?
    private static let width = 520.0
    private static let chartHeight = 280.0
    private static let lineHeight = 18.0
    /// The width of a letter below the axis, as a share of the axis.
    private static let letter = 0.016

    init(_ table: SweepTable) {
        self.table = table
        let axis = table.axes.firstIndex { !$0.isRepeat } ?? 0
        self.axis = axis
        let (places, others) = (
            Self.places(table.axes[axis]), table.axes.indices.filter { $0 != axis && !table.axes[$0].isRepeat }
        )
        var found: [Series] = []
        /// In the order of the grid.
        func series(_ name: String) -> Int {
            if let place = found.firstIndex(where: { $0.name == name }) { return place }
            found.append(Series(name: name))
            return found.count - 1
        }
        for run in table.runs {
            let name = others.map { "\(table.axes[$0].key)=\(run.values[$0])" }.joined(separator: ",")
            guard let elbo = run.mean(\.elbo), elbo.isFinite, let x = places.x[run.values[axis]] else { continue }
            found[series(name)].dots.append((x, elbo))
        }
        // Rows of means have the values of all keys that are no repeats; with repeats alone each run is its own.
        let keys = table.axes.indices.filter { !table.axes[$0].isRepeat }
        let rows = keys.isEmpty ? table.runs : table.means
        let shown = keys.isEmpty ? Array(table.axes.indices) : keys
        var marked: (x: Double, elbo: Double, name: String)?
        let best = SweepTable.best(rows)
        for (index, row) in rows.enumerated() {
            let values = Dictionary(uniqueKeysWithValues: zip(shown, row.values))
            let name = others.map { "\(table.axes[$0].key)=\(values[$0]!)" }.joined(separator: ",")
            guard let elbo = row.mean(\.elbo), elbo.isFinite, let x = places.x[values[axis]!] else { continue }
            found[series(name)].means.append((x, elbo, row.standardError))
            if index == best, rows.count > 1, !keys.isEmpty {
                marked = (x, elbo, zip(shown, row.values).map { "\(table.axes[$0].key)=\($1)" }.joined(separator: ","))
            }
        }
        self.series = found
        self.best = marked
    }

    /// The chart; nil while no run is done.
    var chart: String? {
        let (all, places) = (series.flatMap(\.dots), Self.places(table.axes[axis]))
        let bars = series.flatMap(\.means).flatMap { [$0.elbo - ($0.error ?? 0), $0.elbo + ($0.error ?? 0)] }
        guard let low = (all.map(\.elbo) + bars).min(), let high = (all.map(\.elbo) + bars).max() else { return nil }
        let (left, right) = (places.x.values.min()!, places.x.values.max()!)
        let margins = (x: (right - left) * 0.05, y: (high - low) * 0.08)
        let range = left - margins.x...right + margins.x
        var chart = Chart(
            x: range, y: low - margins.y...high + margins.y, height: Self.chartHeight,
            xTicks: Self.fitting(places.ticks, width: max(range.upperBound - range.lowerBound, 1e-9)))
        for (index, one) in series.enumerated() {
            let colour = Palette.colours[index % Palette.colours.count]
            for dot in one.dots { chart.dot((dot.x, dot.elbo), colour: colour, radius: 3) }
            let means = one.means.sorted { $0.x < $1.x }
            for mean in means { if let error = mean.error { chart.error((mean.x, mean.elbo), error, colour: colour) } }
            if means.count > 1 { chart.line(means.map { ($0.x, $0.elbo) }, colour: colour) }
        }
        var alt =
            "Validation ELBO of \(all.count) runs by \(table.axes[axis].key), from \(String(format: "%.6g", low)) to \(String(format: "%.6g", high))."
        if let best {
            chart.mark((best.x, best.elbo), "best")
            alt += " The best is \(best.name) with \(String(format: "%.6g", best.elbo))."
        }
        return chart.svg(xTitle: places.title, yTitle: "validation ELBO, nats", alt: alt)
    }

    /// What the colours mean; nothing where there is one.
    var legend: [(name: String, colour: String)] {
        series.enumerated().filter { !$1.name.isEmpty }.map { ($1.name, Palette.colours[$0 % Palette.colours.count]) }
    }

    /// The chart as a file of its own, `sweep.svg`, with what the colours mean below it; nil while no run is done. Keys and values have no characters
    /// that XML gives a meaning.
    var svg: String? {
        guard let chart else { return nil }
        let legend = legend
        let height = Self.chartHeight + Double(legend.count) * Self.lineHeight + (legend.isEmpty ? 0 : 6)
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(height))" width="\(Int(Self.width))" \
            height="\(Int(height))" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <svg width="\(Int(Self.width))" height="\(Int(Self.chartHeight))">
            \(chart)</svg>

            """
        for (index, entry) in legend.enumerated() {
            let y = Self.chartHeight + Double(index) * Self.lineHeight
            text += "<rect x=\"58\" y=\"\(Int(y + 2))\" width=\"10\" height=\"10\" fill=\"\(entry.colour)\"/>"
            text += "<text x=\"74\" y=\"\(Int(y + 11))\">\(entry.name)</text>\n"
        }
        return text + "</svg>\n"
    }

    /// Where the values of a key stand on the axis: by their size, its logarithm, or their order; each with its name.
    private static func places(_ axis: SweepAxis) -> (x: [String: Double], title: String, ticks: [Chart.Tick]) {
        let values = axis.values
        let numbers = values.compactMap { Double($0) }.filter(\.isFinite)
        let areNumbers = numbers.count == values.count
        let isWide = areNumbers && numbers.min()! > 0 && numbers.max()! >= 20 * numbers.min()!
        let x = areNumbers ? numbers.map { isWide ? Elementary.log10($0) : $0 } : values.indices.map(Double.init)
        return (
            Dictionary(zip(values, x)) { $1 }, isWide ? "\(axis.key), logarithmic" : axis.key,
            zip(x, values).map { Chart.Tick($0, $1) }
        )
    }

    /// The names that have room beside each other, the first always.
    private static func fitting(_ ticks: [Chart.Tick], width: Double) -> [Chart.Tick] {
        var shown: [Chart.Tick] = []
        for tick in ticks.sorted(by: { $0.place < $1.place }) {
            let room = shown.last.map { (tick.place - $0.place) / width }
            let needed = letter * (Double(tick.name.count + (shown.last?.name.count ?? 0)) / 2 + 1)
            if room.map({ $0 >= needed }) ?? true { shown.append(tick) }
        }
        return shown
    }
}
