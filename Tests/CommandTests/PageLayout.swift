import Foundation
import TestSupport

/// What is wrong with how pages look at 390 and 1280 pixels, as Chromium lays them out.
enum PageLayout {
    /// Nothing where all is right. What is beyond the screen would be cut off on paper; words of a chart that leave it or lie on or at each other
    /// cannot be read, nor can numbers over two lines.
    static func faults(_ pages: [String]) throws -> String {
        let folder = try TemporaryFolder()
        let outcome = try Program.python(
            """
            import html, re, subprocess, sys
            folder, pages = sys.argv[1], sys.argv[2:]
            script = '''
            <script>onload = () => {
                const found = [], size = e => e.getBoundingClientRect()
                for (const e of document.querySelectorAll("body *"))
                    if (size(e).right > innerWidth + .5) found.push("beyond the screen: " + e.tagName + " " + e.textContent.slice(0, 40))
                for (const svg of document.querySelectorAll("svg")) {
                    const whole = size(svg), texts = [...svg.querySelectorAll("text")]
                    texts.forEach((e, i) => {
                        const a = size(e)
                        if (a.left < whole.left - 1 || a.right > whole.right + 1 || a.top < whole.top - 1 || a.bottom > whole.bottom + 1)
                            found.push("cut off: " + e.textContent)
                        // Boxes are higher than letters.
                        for (const other of texts.slice(0, i)) {
                            const b = size(other)
                            if (a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom - 5 && b.top < a.bottom - 5)
                                found.push("on each other: " + e.textContent + ", " + other.textContent)
                        }
                    })
                }
                for (const e of document.querySelectorAll(".numbers td:not(.long), .facts th")) {
                    const range = document.createRange()
                    range.selectNodeContents(e)
                    if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) found.push("over lines: " + e.textContent)
                }
                parent.postMessage("PAGE at " + innerWidth + ": " + (found.join("; ") || "right"), "*")
            }</script>
            '''

            frames = ""
            for number, path in enumerate(pages):
                page, name = open(path).read(), path.split("/")[-1]
                open(f"{folder}/{number}.html", "w").write(page.replace("</body>", script.replace("PAGE", name) + "</body>"))
                frames += "".join(f"<iframe src='{number}.html' style='width:{w}px;height:900px'></iframe>" for w in (390, 1280))
            open(folder + "/all.html", "w").write(
                "<body>" + frames + "<script>onmessage=m=>document.body.append(Object.assign(document.createElement('p'),{textContent:m.data}))</script>")
            dom = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000",
                "--virtual-time-budget=6000", "--dump-dom", "file://" + folder + "/all.html"],
                capture_output=True, text=True, timeout=120).stdout
            lines = [html.unescape(l) for l in re.findall("<p>(.*?)</p>", dom, re.S)]
            assert len(lines) == 2 * len(pages), dom[-2000:]
            print(*[l for l in lines if not l.endswith(": right")], sep="\\n", end="")
            """, [folder.url.path] + pages)
        return outcome.status == 0 ? outcome.output : "\(outcome)"
    }
}
