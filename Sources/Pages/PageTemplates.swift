internal import Mustache

/// What a page is made from, as Mustache templates: `{{name}}` is escaped, `{{{name}}}` is HTML that another template made, or SVG.
enum PageTemplates {
    private static let library: MustacheLibrary = {
        let texts = [
            "page": page, "style": PageStyle.text, "figures": figures, "facts": facts, "table": table, "text": text, "note": note,
            "details": details,
            "image": image, "multiples": multiples, "legend": legend, "scale": scale,
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
        <meta name="color-scheme" content="light dark">
        <title>{{title}}</title>
        <style>
        {{>style}}
        </style>
        </head>
        <body>
        <h1>{{title}}</h1>
        <p class="note">{{subtitle}}</p>
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
        <table class="facts">{{#rows}}<tr><th>{{name}}</th><td>{{#words}}{{#isOption}}<span>{{text}}</span>{{/isOption}}{{^isOption}}{{text}}{{/isOption}}{{gap}}{{/words}}</td></tr>{{/rows}}</table>
        """

    private static let table = """
        <table class="numbers{{#stacked}} stacked{{/stacked}}"><tr>{{#head}}<th>{{.}}</th>{{/head}}</tr>
        {{#rows}}<tr>{{#cells}}<td data-head="{{head}}"{{#isLong}} class="long"{{/isLong}}>{{value}}</td>{{/cells}}</tr>
        {{/rows}}</table>
        """

    private static let note = "<p class=\"note\">{{text}}</p>"

    private static let text = "<pre>{{text}}</pre>"

    private static let details = "<details><summary>{{summary}}</summary><pre>{{text}}</pre></details>"

    private static let image = "<img alt=\"{{alt}}\" width=\"{{width}}\" src=\"{{png}}\">"

    private static let multiples = "<div class=\"multiples\">{{#charts}}<div>{{{.}}}</div>{{/charts}}</div>"

    private static let legend = """
        <div class="legend">{{#entries}}<span><svg class="key" viewBox="-5 -5 10 10" aria-hidden="true">{{{path}}}</svg>{{name}}</span>{{/entries}}</div>
        """

    private static let scale = """
        <div class="scale" role="img" aria-label="colours from {{low}} to {{high}}: {{title}}"><span>{{title}}</span><i style="background:linear-gradient(to right,{{colours}})"></i>
        <div><span>{{low}}</span><span>{{middle}}</span><span>{{high}}</span></div></div>
        """
}
