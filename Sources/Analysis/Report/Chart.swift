internal import Foundation
internal import Support
internal import VAE

/// Figures as SVG: lines, bars or points with an axis each way.
package struct Chart {
    /// The colours of series and classes, told apart also by those who see few colours (Tol 2021, "muted", and gray).
    package static let colours = [
        "#332288", "#cc6677", "#117733", "#ddaa33", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#6699cc",
    ]
    static let otherColour = "#bbbbbb"

    private static let width = 520.0
    private static let bottom = 48.0
    private static let margin = 12.0

    private let height: Double
    /// Where the plot begins: right of the axis' title and numbers, also where a narrow screen makes the letters larger.
    private let left: Double
    private let x: ClosedRange<Double>
    private let y: ClosedRange<Double>
    private var marks = ""

    /// - Parameters:
    ///   - x, y: the ranges that the axes show, widened where they are nothing.
    ///   - height: of the picture, 520 wide.
    package init(x: ClosedRange<Double>, y: ClosedRange<Double>, height: Double = 280) {
        func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
            guard range.lowerBound.isFinite, range.upperBound.isFinite else { return 0...1 }
            return range.lowerBound < range.upperBound ? range : range.lowerBound - 1...range.upperBound + 1
        }
        self.x = widened(x)
        self.y = widened(y)
        self.height = height
        left = max(58, 26 + 11.5 * Double(Self.ticks(self.y).map { Self.label($0).count }.max() ?? 0))
    }

    private func place(_ px: Double, _ py: Double) -> (Double, Double) {
        let share = (
            (px - x.lowerBound) / (x.upperBound - x.lowerBound), (py - y.lowerBound) / (y.upperBound - y.lowerBound)
        )
        return (
            left + share.0 * (Self.width - left - Self.margin),
            height - Self.bottom - share.1 * (height - Self.bottom - Self.margin)
        )
    }

    package mutating func line(_ points: [(Double, Double)], colour: String) {
        let places = points.map { place($0.0, $0.1) }
        let text = places.map { String(format: "%.1f,%.1f", $0.0, $0.1) }.joined(separator: " ")
        marks += "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" points=\"\(text)\"/>\n"
        if points.count == 1 { dot(points[0], colour: colour, radius: 3) }
    }

    package mutating func dot(_ point: (Double, Double), colour: String, radius: Double = 1.6) {
        let (cx, cy) = place(point.0, point.1)
        marks += String(format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"", cx, cy, radius) + colour + "\"/>\n"
    }

    /// A bar from 0, or from where another one ends, one unit wide but for a gap, around a place of the x axis.
    mutating func bar(_ at: Double, from base: Double = 0, _ value: Double, width: Double = 1, colour: String) {
        let ((x0, top), (x1, zero)) = (place(at - 0.4 * width, value), place(at + 0.4 * width, base))
        marks += String(
            format: "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"", x0, top, x1 - x0, zero - top)
        marks += colour + "\"/>\n"
    }

    /// - Parameter axes: whether numbers stand at the axes.
    package func svg(xTitle: String, yTitle: String, title: String, axes: Bool = true, wholeX: Bool = false) -> String {
        var text =
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\" aria-label=\"\(HTMLPage.escape(title))\">\n"
        let (right, base) = (Self.width - Self.margin, height - Self.bottom)
        for tick in axes ? Self.ticks(y) : [] {
            let (_, at) = place(x.lowerBound, tick)
            text += String(format: "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>", left, at, right)
            text += String(
                format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%@</text>\n", left - 6, at + 4, Self.label(tick))
        }
        for tick in axes ? Self.ticks(x) : [] where !wholeX || tick == tick.rounded() {
            let (at, _) = place(tick, y.lowerBound)
            text += String(
                format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n", at, base + 19, Self.label(tick))
        }
        text += String(
            format: "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#888\"/>\n", left, Self.margin, base, right)
        text += String(
            format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n", (left + right) / 2, height - 5,
            HTMLPage.escape(xTitle))
        text += String(
            format: "<text transform=\"translate(16 %.1f) rotate(-90)\" text-anchor=\"middle\">%@</text>\n",
            (Self.margin + base) / 2,
            HTMLPage.escape(yTitle))
        return text + marks + "</svg>"
    }

    package static func legend(_ entries: [(name: String, colour: String)]) -> String { HTMLPage.legend(entries) }

    /// About five round numbers.
    private static func ticks(_ range: ClosedRange<Double>) -> [Double] {
        let rough = (range.upperBound - range.lowerBound) / 5
        let power = Elementary.pow(10, Elementary.log10(rough).rounded(.down))
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step).rounded(.down)
        // No more than six fit.
        return (0...6).map { first + Double($0) }.prefix { $0 <= last }.map { $0 * step }
    }

    private static func label(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.6g", value) }
}
