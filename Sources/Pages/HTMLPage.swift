internal import Distributed
internal import Foundation
internal import HDF5
package import Importing
internal import Support

/// A page that needs nothing but itself: style, graphics and images are in it. ``PageTemplates`` say how it looks.
package struct HTMLPage {
    private let title: String
    private let subtitle: String
    private var sections: [[String: Any]] = []

    /// - Parameter subtitle: what the page is about, in a line.
    package init(title: String, subtitle: String = "") { (self.title, self.subtitle) = (title, subtitle) }

    /// Adds a section. - Parameter content: HTML, as the functions below give it, or SVG.
    package mutating func section(_ heading: String, note: String = "", _ content: String) {
        // Sections take a while each.
        Heartbeat.beat()
        var section: [String: Any] = ["heading": heading, "content": content]
        if !note.isEmpty { section["note"] = note }
        sections.append(section)
    }

    /// Figures, each with its name below.
    package static func figures(_ values: [(value: String, name: String)]) -> String {
        PageTemplates.render("figures", ["figures": values.map { ["value": $0.value, "name": $0.name] }])
    }

    /// Names and what they are, line by line.
    package static func table(_ rows: [(String, String)]) -> String {
        PageTemplates.render("facts", ["rows": rows.map { ["name": $0.0, "words": words($0.1)] }])
    }

    /// Words, of which options are not broken at their hyphens.
    private static func words(_ text: String) -> [[String: Any]] {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.enumerated().map { index, word in
            ["text": String(word), "isOption": word.hasPrefix("--"), "gap": index + 1 < words.count ? " " : ""]
        }
    }

    /// Columns of numbers; the first column says what a row is. Where the screen is narrow, rows of many columns become lists.
    package static func table(head: [String], rows: [[String]]) -> String {
        func cell(_ head: String, _ value: String) -> [String: Any] {
            ["head": head, "value": value, "isLong": value.count > longCell && Double(value) == nil]
        }
        let cells = rows.map { ["cells": zip(head, $0).map(cell)] }
        return PageTemplates.render("table", ["head": head, "rows": cells, "stacked": head.count > 4])
    }

    /// Words of a cell with more letters than these may be broken anywhere; numbers never are.
    private static let longCell = 12

    /// A figure with some significant digits, without an exponent where it is of a usual size.
    package static func number(_ value: Double, digits: Int = 4) -> String {
        let size = abs(value)
        guard value.isFinite, size == 0 || 1e-4..<1e7 ~= size else { return String(format: "%.\(digits - 1)e", value) }
        if size == 0 { return "0" }
        let decimals = digits - 1 - Int(Elementary.log10(size).rounded(.down))
        return String(format: "%.\(max(0, decimals))f", value)
    }

    /// A line that says more of what is above it.
    package static func note(_ text: String) -> String { PageTemplates.render("note", ["text": text]) }

    package static func text(_ text: String) -> String { PageTemplates.render("text", ["text": text]) }

    /// A text that takes no room until it is opened.
    package static func text(_ text: String, behind summary: String) -> String {
        PageTemplates.render("details", ["text": text, "summary": summary])
    }

    /// Small charts side by side. - Parameter charts: SVG.
    package static func multiples(_ charts: [String]) -> String { PageTemplates.render("multiples", ["charts": charts]) }

    package static func legend(_ entries: [(name: String, colour: String)]) -> String {
        legend(entries.map { ($0.name, $0.colour, .disc) })
    }

    package static func legend(_ entries: [(name: String, colour: String, mark: Mark)]) -> String {
        PageTemplates.render(
            "legend",
            ["entries": entries.map { ["name": $0.name, "path": $0.mark.path([(0, 0)], colour: $0.colour, radius: 4)] }])
    }

    /// What the colours of ``Palette/scale`` stand for. - Parameter title: of the numbers.
    package static func scale(_ title: String, low: String, middle: String, high: String) -> String {
        PageTemplates.render(
            "scale",
            ["title": title, "low": low, "middle": middle, "high": high, "colours": Palette.scale.joined(separator: ",")])
    }

    /// An image in the page, made smaller where it would be heavy. Throws ``Failure``.
    package static func image(_ bitmap: Bitmap, alt: String) throws -> String {
        let fitting = fitting(bitmap)
        return PageTemplates.render("image", ["alt": alt, "width": fitting.width, "png": try data(fitting)])
    }

    /// The same as what `src` or `href` is to be. Throws ``Failure``.
    package static func data(_ bitmap: Bitmap) throws -> String {
        "data:image/png;base64," + Data(try bitmap.png()).base64EncodedString()
    }

    /// One that is heavy made smaller.
    package static func fitting(_ bitmap: Bitmap, most: Int = mostImageBytes) -> Bitmap {
        let factor = (Double(bitmap.pixels.count) / Double(most)).squareRoot()
        if factor <= 1 { return bitmap }
        return bitmap.scaled(
            to: ImageSize(
                height: max(1, Int(Double(bitmap.height) / factor)), width: max(1, Int(Double(bitmap.width) / factor))))
    }

    /// Uncompressed; a page with four images, even of noise, stays below 2 MB.
    package static let mostImageBytes = 300_000

    package static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
            "\"", with: "&quot;")
    }

    /// Writes a file, which appears when it is complete. Throws ``Failure``.
    package func write(to path: String) throws {
        do throws(FileError) { try AtomicFile.write(Array(html.utf8), to: path) } catch { throw Failure(error) }
    }

    package var html: String {
        PageTemplates.render("page", ["title": title, "subtitle": subtitle, "sections": sections]).withoutControls
    }
}
