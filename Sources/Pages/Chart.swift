internal import Foundation
internal import Support

/// Figures as SVG: lines, bars or points with an axis each way.
package struct Chart {
    /// A place of an axis that is named.
    package struct Tick {
        package let place: Double
        package let name: String

        package init(_ place: Double, _ name: String) { (self.place, self.name) = (place, name) }
    }

    private static let width = 520.0
    private static let bottom = 48.0
    private static let margin = 12.0

    private let height: Double
    /// Where the plot begins: right of the axis' title and numbers, also where a narrow screen makes the letters larger.
    private let left: Double
    private let x: ClosedRange<Double>
    private let y: ClosedRange<Double>
    private let xTicks: [Tick]
    private let yTicks: [Tick]
    private var marks = ""

    /// - Parameters:
    ///   - x, y: the ranges that the axes show, widened where they are nothing.
    ///   - height: of the picture, 520 wide.
    ///   - xTicks, yTicks: the places that are named; nil for round numbers.
    ///   - wholeX: whether only whole numbers are named on the x axis.
    package init(
        x: ClosedRange<Double>, y: ClosedRange<Double>, height: Double = 280, xTicks: [Tick]? = nil, yTicks: [Tick]? = nil,
        wholeX: Bool = false
    ) {
        func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
            guard range.lowerBound.isFinite, range.upperBound.isFinite else { return 0...1 }
            return range.lowerBound < range.upperBound ? range : range.lowerBound - 1...range.upperBound + 1
        }
        self.x = widened(x)
        self.y = widened(y)
        self.height = height
        self.xTicks = xTicks ?? Self.ticks(self.x).filter { !wholeX || $0.place == $0.place.rounded() }
        self.yTicks = yTicks ?? Self.ticks(self.y)
        left = max(58, 34 + 11.5 * Double(self.yTicks.map(\.name.count).max() ?? 0))
    }

    private func place(_ px: Double, _ py: Double) -> (x: Double, y: Double) {
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
        let text = places.map { String(format: "%.1f,%.1f", $0.x, $0.y) }.joined(separator: " ")
        marks += "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" points=\"\(text)\"/>\n"
        if points.count == 1 { dot(points[0], colour: colour, radius: 3) }
    }

    package mutating func dot(_ point: (Double, Double), colour: String, radius: Double = 1.6) {
        let (cx, cy) = place(point.0, point.1)
        marks += String(format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"", cx, cy, radius) + colour + "\"/>\n"
    }

    /// Many points of one kind.
    package mutating func points(_ points: [(Double, Double)], _ mark: Mark = .disc, colour: String, radius: Double = 1.6) {
        if points.isEmpty { return }
        marks += mark.path(points.map { place($0.0, $0.1) }, colour: colour, radius: radius)
    }

    /// How far a value may be off, up and down.
    package mutating func error(_ point: (Double, Double), _ error: Double, colour: String) {
        let ((at, top), (_, base)) = (place(point.0, point.1 + error), place(point.0, point.1 - error))
        marks += String(
            format: "<path class=\"error\" d=\"M%.1f %.1fh8m-4 0V%.1fm-4 0h8\" fill=\"none\" stroke-width=\"1.5\" stroke=\"",
            at - 4,
            top, base)
        marks += colour + "\"/>\n"
    }

    /// A ring around a point, with what it is.
    package mutating func mark(_ point: (Double, Double), _ name: String) {
        let (cx, cy) = place(point.0, point.1)
        let (isRight, isHigh) = (cx < (left + Self.width) / 2, cy < Self.margin + 20)
        marks += String(
            format: "<circle class=\"rule\" cx=\"%.1f\" cy=\"%.1f\" r=\"7\" fill=\"none\" stroke=\"#666\" stroke-width=\"1.5\"/>",
            cx, cy)
        marks += String(
            format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%@\">%@</text>\n", cx + (isRight ? 11 : -11),
            cy + (isHigh ? 14 : -6),
            isRight ? "start" : "end", HTMLPage.escape(name))
    }

    /// A bar from 0, or from where another one ends, one unit wide but for a gap, around a place of the x axis.
    package mutating func bar(_ at: Double, from base: Double = 0, _ value: Double, width: Double = 1, colour: String) {
        let ((x0, top), (x1, zero)) = (place(at - 0.4 * width, value), place(at + 0.4 * width, base))
        marks += String(
            format: "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"", x0, top, x1 - x0, max(0, zero - top))
        marks += colour + "\"/>\n"
    }

    /// A place of the x axis, with what it is beside the line.
    ///
    /// - Parameter line: of letters, so that names of places side by side have room.
    package mutating func rule(_ at: Double, _ name: String, line: Int = 0) {
        let (px, _) = place(at, y.lowerBound)
        // On the side that has more room.
        let isRight = px < (left + Self.width) / 2
        marks += String(
            format: "<path class=\"rule\" stroke=\"#666\" stroke-dasharray=\"4 3\" d=\"M%.1f %.1fV%.1f\"/>", px, Self.margin,
            height - Self.bottom)
        marks += String(
            format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%@\">%@</text>\n", px + (isRight ? 6 : -6),
            Self.margin + 12 + 18 * Double(line % 8),
            isRight ? "start" : "end", HTMLPage.escape(name))
    }

    /// - Parameter alt: what is seen, for who does not see it.
    package func svg(xTitle: String, yTitle: String, alt: String) -> String {
        var text =
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\" aria-label=\"\(HTMLPage.escape(alt))\">\n"
        let (right, base) = (Self.width - Self.margin, height - Self.bottom)
        for tick in yTicks {
            let (_, at) = place(x.lowerBound, tick.place)
            text += String(format: "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>", left, at, right)
            text += String(
                format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%@</text>\n", left - 6, at + 4,
                HTMLPage.escape(tick.name))
        }
        for tick in xTicks {
            let (at, _) = place(tick.place, y.lowerBound)
            text += String(
                format:
                    "<path class=\"axis\" d=\"M%.1f %.1fv4\" stroke=\"#888\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n",
                at, base, at, base + 19, HTMLPage.escape(tick.name))
        }
        text += String(
            format: "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#888\"/>\n", left, Self.margin, base,
            right)
        text += String(
            format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n", (left + right) / 2, height - 5,
            HTMLPage.escape(xTitle))
        text += String(
            format: "<text transform=\"translate(16 %.1f) rotate(-90)\" text-anchor=\"middle\">%@</text>\n",
            (Self.margin + base) / 2,
            HTMLPage.escape(yTitle))
        return text + marks + "</svg>"
    }

    /// About five round numbers.
    static func ticks(_ range: ClosedRange<Double>) -> [Tick] {
        let rough = (range.upperBound - range.lowerBound) / 5
        let power = Elementary.pow(10, Elementary.log10(rough).rounded(.down))
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step).rounded(.down)
        // No more than six fit.
        return (0...6).map { first + Double($0) }.prefix { $0 <= last }.map { Tick($0 * step, label($0 * step)) }
    }

    /// Places of an axis of decimal logarithms, by the numbers that they are of: powers of ten, at most six.
    package static func powers(_ range: ClosedRange<Double>) -> [Tick] {
        let (first, last) = (range.lowerBound.rounded(.up), range.upperBound.rounded(.down))
        guard first <= last, last - first < 100 else { return [] }
        // Whole numbers: a stride of doubles calls the C library's fma.
        return stride(from: Int(first), through: Int(last), by: Int(last - first) / 5 + 1).map {
            Tick(Double($0), label(Elementary.pow(10, Double($0))))
        }
    }

    static func label(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.6g", value) }
}
