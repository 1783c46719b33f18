internal import Distributed
internal import Foundation
internal import Importing
internal import Support

/// A page that needs nothing but itself: style, graphics and images are in it. ``PageTemplates`` say how it looks.
struct HTMLPage {
    private let title: String
    private var sections: [[String: String]] = []

    init(title: String) { self.title = title }

    /// Adds a section. - Parameter content: HTML, as the functions below give it, or SVG.
    mutating func section(_ heading: String, note: String = "", _ content: String) {
        // Sections take a while each.
        Heartbeat.beat()
        var section = ["heading": heading, "content": content]
        if !note.isEmpty { section["note"] = note }
        sections.append(section)
    }

    /// Figures, each with its name below.
    static func figures(_ values: [(value: String, name: String)]) -> String {
        PageTemplates.render("figures", ["figures": values.map { ["value": $0.value, "name": $0.name] }])
    }

    /// Names and what they are, line by line.
    static func table(_ rows: [(String, String)]) -> String {
        PageTemplates.render("facts", ["rows": rows.map { ["name": $0.0, "value": $0.1] }])
    }

    /// Columns of numbers, which scroll where they are too wide; the first column says what a row is.
    static func table(head: [String], rows: [[String]]) -> String {
        PageTemplates.render("table", ["head": head, "rows": rows.map { ["cells": $0] }])
    }

    static func text(_ text: String) -> String { PageTemplates.render("text", ["text": text]) }

    /// Small charts side by side. - Parameter charts: SVG.
    static func multiples(_ charts: [String]) -> String { PageTemplates.render("multiples", ["charts": charts]) }

    static func legend(_ entries: [(name: String, colour: String)]) -> String {
        PageTemplates.render("legend", ["entries": entries.map { ["name": $0.name, "colour": $0.colour] }])
    }

    /// An image in the page, made smaller where it would be heavy. Throws ``Failure``.
    static func image(_ bitmap: Bitmap, alt: String) throws -> String {
        let factor = (Double(bitmap.pixels.count) / Double(mostImageBytes)).squareRoot()
        let size = ImageSize(
            height: max(1, Int(Double(bitmap.height) / factor)), width: max(1, Int(Double(bitmap.width) / factor)))
        let fitting = factor > 1 ? bitmap.scaled(to: size) : bitmap
        let png = Data(try fitting.png()).base64EncodedString()
        return PageTemplates.render("image", ["alt": alt, "width": fitting.width, "png": png])
    }

    /// Uncompressed; a page with three images, even of noise, stays below 2 MB.
    static let mostImageBytes = 300_000

    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
            "\"", with: "&quot;")
    }

    var html: String { PageTemplates.render("page", ["title": title, "sections": sections]).withoutControls }
}
