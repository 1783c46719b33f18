internal import Foundation
internal import Pages
internal import Support

/// What a page says of a model's features: how far reconstructions are off, and whether rows that the model draws are like those there are.
struct FeatureSections {
    let figures: FeatureFigures
    /// What a feature is called.
    let name: (Int) -> String

    private static let mostShown = 10
    private static let mostPoints = 2000

    func add(to page: inout HTMLPage) {
        addErrors(to: &page)
        if !figures.draws.isEmpty { addPredictions(to: &page) }
    }

    /// The features that are reconstructed worst, and what is usual.
    private func addErrors(to page: inout HTMLPage) {
        let explained = figures.values.indices.compactMap { feature in figures.explained(feature).map { (feature, $0) } }
        guard !explained.isEmpty else { return }
        let order = explained.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        let constant = figures.values.count - explained.count
        let median = order[(order.count - 1) / 2].1
        let rows = order.prefix(Self.mostShown).map { feature, share in
            let values = figures.values[feature]
            return [
                name(feature), HTMLPage.number(values.mean), HTMLPage.number(values.variance.squareRoot()),
                HTMLPage.number(figures.errors[feature].mean.squareRoot()), String(format: "%.3f", share),
            ]
        }
        let rest = constant == 0 ? "" : " \(constant) features do not vary."
        page.section(
            "Errors by feature",
            note:
                "Of \(figures.rows), as the model sees them. Half of the features have at least \(String(format: "%.3f", median)) of their variance "
                + "in their reconstructions\(rows.count < order.count ? "; those with the least:" : ".")\(rest)",
            HTMLPage.table(
                head: ["feature", "mean", "standard deviation", "root mean squared error", "variance explained"], rows: rows))
    }

    /// Rows drawn by the model beside those there are, feature by feature (posterior predictive check, Gelman et al. 1996).
    private func addPredictions(to page: inout HTMLPage) {
        page.section(
            "Posterior predictive check",
            note:
                "For each of \(figures.rows) a row is drawn from the model, z from the row's posterior and then x from p(x|z). A model that fits "
                + "draws rows like those there are.",
            figures.areCounts
                ? HTMLPage.multiples([meanVariance, zeros])
                    + HTMLPage.legend([
                        (name: "data", colour: Palette.reference), (name: "drawn by the model", colour: Palette.colours[1]),
                        (name: "variance = mean, as of Poisson's counts", colour: Palette.other),
                    ])
                : HTMLPage.multiples([
                    comparison("mean", figures.values.map(\.mean), figures.draws.map(\.mean)),
                    comparison(
                        "standard deviation", figures.values.map { $0.variance.squareRoot() },
                        figures.draws.map { $0.variance.squareRoot() }),
                ]))
    }

    /// Every feature, or of very many some.
    private var shown: StrideTo<Int> {
        stride(from: 0, to: figures.values.count, by: max(1, (figures.values.count + Self.mostPoints - 1) / Self.mostPoints))
    }

    /// Variances over means, both as decimal logarithms.
    private var meanVariance: String {
        func points(_ sums: [FeatureFigures.Sums]) -> [(Double, Double)] {
            shown.filter { sums[$0].mean > 0 && sums[$0].variance > 0 }.map {
                (Elementary.log10(sums[$0].mean), Elementary.log10(sums[$0].variance))
            }
        }
        let (data, drawn) = (points(figures.values), points(figures.draws))
        let (x, y) = (Self.range((data + drawn).map(\.0)), Self.range((data + drawn).map(\.1)))
        var chart = Chart(x: x, y: y, height: 360, xTicks: Chart.powers(x), yTicks: Chart.powers(y))
        // Where the variance is the mean, as of Poisson's counts.
        let (low, high) = (max(x.lowerBound, y.lowerBound), min(x.upperBound, y.upperBound))
        if low < high { chart.line([(low, low), (high, high)], colour: Palette.other) }
        chart.points(data, colour: Palette.reference, radius: 2.5)
        chart.points(drawn, .ring, colour: Palette.colours[1], radius: 2.5)
        return chart.svg(
            xTitle: "mean count", yTitle: "variance",
            alt:
                "Variance over mean of \(data.count) features, of the data and as drawn by the model, both axes logarithmic; the line is where "
                + "they are equal. \(Self.ratio("variance", figures.values.map(\.variance), figures.draws.map(\.variance)))")
    }

    /// Shares of zeros over means.
    private var zeros: String {
        func points(_ sums: [FeatureFigures.Sums]) -> [(Double, Double)] {
            shown.filter { sums[$0].mean > 0 }.map { (Elementary.log10(sums[$0].mean), sums[$0].zeroShare) }
        }
        let (data, drawn) = (points(figures.values), points(figures.draws))
        let x = Self.range((data + drawn).map(\.0))
        var chart = Chart(x: x, y: 0...1, height: 360, xTicks: Chart.powers(x))
        chart.points(data, colour: Palette.reference, radius: 2.5)
        chart.points(drawn, .ring, colour: Palette.colours[1], radius: 2.5)
        func mean(_ sums: [FeatureFigures.Sums]) -> Double { sums.reduce(0) { $0 + $1.zeroShare } / Double(sums.count) }
        return chart.svg(
            xTitle: "mean count", yTitle: "share of zeros",
            alt: String(
                format:
                    "Share of zeros over the mean of each feature: %.3f of all values of the data are 0, %.3f of those drawn by the model.",
                mean(figures.values), mean(figures.draws)))
    }

    /// Figures of what was drawn over those of the data.
    private func comparison(_ what: String, _ data: [Double], _ drawn: [Double]) -> String {
        let points = shown.map { (data[$0], drawn[$0]) }.filter { $0.0.isFinite && $0.1.isFinite }
        let range = Self.range(points.flatMap { [$0.0, $0.1] })
        var chart = Chart(x: range, y: range, height: 360)
        chart.line([(range.lowerBound, range.lowerBound), (range.upperBound, range.upperBound)], colour: Palette.other)
        chart.points(points, colour: Palette.colours[0], radius: 3)
        return chart.svg(
            xTitle: "\(what) in the data", yTitle: "\(what) as drawn",
            alt:
                "The \(what) of \(points.count) features as drawn by the model over that of the data; the line is where they are equal. "
                + Self.ratio(what, data, drawn))
    }

    private static func ratio(_ what: String, _ data: [Double], _ drawn: [Double]) -> String {
        let ratios = zip(data, drawn).filter { $0.0 != 0 && $0.1.isFinite }.map { $0.1 / $0.0 }.sorted()
        return ratios.isEmpty
            ? "" : String(format: "The median ratio of drawn to data is %.3f for the %@.", ratios[(ratios.count - 1) / 2], what)
    }

    /// A little wider than the values.
    private static func range(_ values: [Double]) -> ClosedRange<Double> {
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        let margin = 0.04 * (high - low)
        return low - margin...high + margin
    }
}
