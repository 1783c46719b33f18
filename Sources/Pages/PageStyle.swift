/// How a page looks: on paper, on light and dark screens, on narrow ones.
enum PageStyle {
    static let text = """
        :root { --ink: #222; --muted: #555; --paper: #fff; --panel: #f5f5f5; --grid: #ddd; --axis: #888; }
        @media screen and (prefers-color-scheme: dark) {
        :root { --ink: #e4e4e4; --muted: #aaa; --paper: #16181c; --panel: #22252b; --grid: #3a3d44; --axis: #7c808a; }
        \(Palette.darkStyle)
        }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 52rem; margin: 0 auto;
        padding: 1rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        h1 { font-size: 1.5rem; margin: .5rem 0 0; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
        .note { margin: 0 0 .5rem; color: var(--muted); font-size: .9rem; overflow-wrap: anywhere; }
        .figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .5rem 0; }
        .figures div { display: flex; flex-direction: column; } .figures b { font-size: 1.3rem; }
        .figures span { color: var(--muted); font-size: .85rem; }
        svg { width: 100%; height: auto; display: block; } section > svg { max-width: 40rem; } svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
        .grid { stroke: var(--grid); } .axis { stroke: var(--axis); } .rule { stroke: var(--muted); }
        img, image { max-width: 100%; height: auto; image-rendering: pixelated; } img { display: block; }
        .tiles { max-width: var(--wide); } .tiles text { font-size: 9px; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); padding: .8rem; font-size: .8rem; line-height: 1.4; }
        summary { cursor: pointer; }
        table { border-collapse: collapse; max-width: 100%; } th { text-align: left; font-weight: 600; vertical-align: top; }
        td { vertical-align: top; } .long, .facts td { overflow-wrap: anywhere; } .facts th { padding-right: 1.5rem; white-space: nowrap; }
        .facts span { display: inline-block; max-width: 100%; }
        .numbers { font-size: .85rem; font-variant-numeric: tabular-nums; margin: .5rem 0; }
        .numbers th, .numbers td { text-align: right; padding: .1rem 0 .1rem 1.2rem; } .numbers td:not(.long) { white-space: nowrap; }
        .numbers tr > :first-child { text-align: left; padding-left: 0; }
        .multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: .5rem 1rem; }
        .multiples .note { margin: .2rem 0; } .multiples svg text { font-size: 18px; } .multiples .tiles text { font-size: 9px; }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; margin: .3rem 0; }
        .key { display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
        .scale { max-width: 26rem; font-size: .85rem; margin: .3rem 0; } .scale i { display: block; height: .8rem; }
        .scale div { display: flex; justify-content: space-between; }
        @media screen and (max-width: 560px) {
        svg text { font-size: 18px; } .facts th { padding-right: .8rem; } .facts { font-size: .85rem; }
        .numbers th, .numbers td { padding-left: .6rem; }
        .stacked, .stacked tbody, .stacked tr { display: block; } .stacked tr:first-child { display: none; } .stacked tr { margin: .5rem 0; }
        .stacked td { display: inline-block; padding: 0; margin-right: .8rem; } .stacked td:empty { display: none; }
        .stacked td::before { content: attr(data-head) " "; color: var(--muted); }
        .stacked td:first-child { display: block; font-weight: 600; } .stacked td::before { font-weight: 400; }
        }
        @media print { body { max-width: none; padding: 0; font-size: 11pt; } h2, .note:not(:last-child), .numbers tr:first-child { break-after: avoid; }
        svg, img, tr, .note, .figures, .legend, .facts, .multiples > div { break-inside: avoid; } .legend { break-before: avoid; } section > svg { max-width: 15cm; } }
        """
}
