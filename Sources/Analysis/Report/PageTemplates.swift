internal import Mustache

/// What a page is made from, as Mustache templates: `{{name}}` is escaped, `{{{name}}}` is HTML that another template made, or SVG.
enum PageTemplates {
    private static let library: MustacheLibrary = {
        let texts = [
            "page": page, "style": style, "figures": figures, "facts": facts, "table": table, "text": text, "image": image,
            "multiples": multiples, "legend": legend,
        ]
        // They are constants, and every page needs them.
        return MustacheLibrary(templates: texts.mapValues { try! MustacheTemplate(string: $0) })
    }()

    static func render(_ name: String, _ values: [String: Any]) -> String { library.render(values, withTemplate: name)! }

    private static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}}</title>
        <style>
        {{>style}}
        </style>
        </head>
        <body>
        <h1>{{title}}</h1>
        {{#sections}}
        <section>
        <h2>{{heading}}</h2>
        {{#note}}
        <p class="note">{{note}}</p>
        {{/note}}
        {{{content}}}
        </section>
        {{/sections}}
        </body>
        </html>

        """

    private static let figures = """
        <div class="figures">{{#figures}}<div><b>{{value}}</b><span>{{name}}</span></div>{{/figures}}</div>
        """

    private static let facts = """
        <div class="scroll"><table>{{#rows}}<tr><th>{{name}}</th><td>{{value}}</td></tr>{{/rows}}</table></div>
        """

    private static let table = """
        <div class="scroll"><table class="numbers"><tr>{{#head}}<th>{{.}}</th>{{/head}}</tr>
        {{#rows}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
        {{/rows}}</table></div>
        """

    private static let text = "<pre>{{text}}</pre>"

    private static let image = "<img alt=\"{{alt}}\" width=\"{{width}}\" src=\"data:image/png;base64,{{png}}\">"

    private static let multiples = "<div class=\"multiples\">{{#charts}}{{{.}}}{{/charts}}</div>"

    private static let legend = """
        <div class="legend">{{#entries}}<span><i style="background:{{colour}}"></i>{{name}}</span>{{/entries}}</div>
        """

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
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; } th { text-align: left; font-weight: 600; padding-right: 1.5rem; vertical-align: top; }
        td { overflow-wrap: anywhere; }
        .numbers { font-size: .85rem; } .numbers th, .numbers td { text-align: right; white-space: nowrap; padding: .1rem 1rem .1rem 0; }
        .numbers tr > :first-child { text-align: left; }
        .multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: .5rem 1rem; }
        .multiples svg text { font-size: 20px; }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; margin: .3rem 0; }
        .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; }
        @media (max-width: 500px) { svg text { font-size: 18px; } }
        """
}
