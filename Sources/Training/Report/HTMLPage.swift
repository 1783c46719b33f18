internal import Foundation

/// A page that needs nothing but itself: style, graphics and images are in it.
struct HTMLPage {
    private let title: String
    private var body = ""

    init(title: String) { self.title = title }

    /// Adds a section. - Parameter content: HTML.
    mutating func section(_ heading: String, note: String = "", _ content: String) {
        let note = note.isEmpty ? "" : "<p class=\"note\">\(Self.escape(note))</p>\n"
        body += "<section>\n<h2>\(Self.escape(heading))</h2>\n\(note)\(content)\n</section>\n"
    }

    /// Figures, each with its name below.
    static func figures(_ values: [(value: String, name: String)]) -> String {
        let items = values.map { "<div><b>\(escape($0.value))</b><span>\(escape($0.name))</span></div>" }
        return "<div class=\"figures\">\(items.joined())</div>"
    }

    static func table(_ rows: [(String, String)]) -> String {
        "<table>\(rows.map { "<tr><th>\(escape($0.0))</th><td>\(escape($0.1))</td></tr>" }.joined())</table>"
    }

    static func text(_ text: String) -> String { "<pre>\(escape(text))</pre>" }

    /// An image in the page. Throws ``Failure``.
    static func image(_ bitmap: Bitmap, alt: String) throws -> String {
        let data = Data(try bitmap.png()).base64EncodedString()
        return "<img alt=\"\(escape(alt))\" width=\"\(bitmap.width)\" src=\"data:image/png;base64,\(data)\">"
    }

    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
            "\"", with: "&quot;")
    }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Self.escape(title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <h1>\(Self.escape(title))</h1>
        \(body)</body>
        </html>

        """
    }

    private static let style = """
        body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 46rem; margin: 0 auto; padding: 1rem; }
        h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
        .note { margin: 0 0 .5rem; color: #555; font-size: .9rem; }
        .figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; }
        .figures div { display: flex; flex-direction: column; } .figures b { font-size: 1.3rem; }
        .figures span { color: #555; font-size: .85rem; }
        svg { width: 100%; height: auto; display: block; } svg text { font: 13px system-ui, sans-serif; fill: #444; }
        img { max-width: 100%; height: auto; image-rendering: pixelated; display: block; }
        pre { overflow-x: auto; background: #f5f5f5; padding: .8rem; font-size: .8rem; line-height: 1.4; }
        table { border-collapse: collapse; } th { text-align: left; font-weight: 600; padding-right: 1.5rem; vertical-align: top; }
        td { overflow-wrap: anywhere; }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; margin-top: .3rem; }
        @media (max-width: 500px) { svg text { font-size: 18px; } }
        .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; }
        """
}
