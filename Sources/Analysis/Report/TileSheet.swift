internal import Foundation
internal import Importing
internal import Pages

/// Images side by side with words at them, as one picture: what each line and column is, and what is to be said of each image.
struct TileSheet {
    let grid: ImageGrid
    /// Of each group of images the lines below it.
    var captions: [[String]] = []
    /// Left of each line, and above each column.
    var lineNames: [String] = []
    var columnNames: [String] = []

    private static let width = 300.0
    private static let letterHeight = 10.0

    /// Throws ``Failure``. - Parameter alt: what is seen, for who does not see it.
    func svg(alt: String) throws -> String {
        let lines = grid.lines()
        let left = (lineNames.map(\.count).max() ?? 0) == 0 ? 0.0 : 6 + 5.2 * Double(lineNames.map(\.count).max()!)
        let top = columnNames.isEmpty ? 0 : Self.letterHeight + 2
        let below = Self.letterHeight * Double(captions.map(\.count).max() ?? 0) + 3
        let (across, total) = (Double(min(grid.columns, groups)), left + Self.width)
        // Few images are not made larger than others.
        let scale = Self.width / Double(lines[0].width) * min(1, across / Double(grid.columns))
        let height = Double(lines[0].height) * scale
        var marks = ""
        func text(_ words: String, _ x: Double, _ y: Double, _ anchor: String) {
            marks += String(
                format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%@\">%@</text>", x, y, anchor, HTMLPage.escape(words))
        }
        let column = Double(lines[0].width) * scale / across
        for (index, name) in columnNames.enumerated() {
            text(name, left + (Double(index) + 0.5) * column, Self.letterHeight - 1, "middle")
        }
        for (index, line) in lines.enumerated() {
            let y = top + Double(index) * (height + below)
            let fitting = HTMLPage.fitting(line, most: HTMLPage.mostImageBytes / lines.count)
            marks += String(
                format: "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" href=\"", left,
                y,
                Double(line.width) * scale, height)
            marks += try HTMLPage.data(fitting) + "\"/>\n"
            if index < lineNames.count { text(lineNames[index], left - 4, y + height / 2 + 3, "end") }
            let first = index * grid.columns
            for group in first..<max(first, min(first + grid.columns, captions.count)) {
                for (place, words) in captions[group].enumerated() {
                    let middle = left + (Double(group - first) + 0.5) * column
                    text(words, middle, y + height + Self.letterHeight * Double(place + 1) - 1, "middle")
                }
            }
        }
        let whole = top + Double(lines.count) * (height + below)
        return String(
            format: "<svg class=\"tiles\" viewBox=\"0 0 %.1f %.1f\" style=\"--wide:%.0fpx\" role=\"img\" aria-label=\"%@\">\n",
            total, whole,
            2 * total, HTMLPage.escape(alt)) + marks + "</svg>"
    }

    private var groups: Int { (grid.count + grid.group - 1) / grid.group }
}
