internal import Foundation
internal import Pages

/// What each latent carries: its KL, and whether its codes differ from row to row.
struct LatentActivity {
    let embeddings: RunEmbeddings

    func add(to page: inout HTMLPage) {
        let (kl, active) = (embeddings.klPerLatent, embeddings.activeLatents)
        // Few latents have their numbers each.
        let ticks =
            kl.count <= 20
            ? stride(from: 0, to: kl.count, by: kl.count > 12 ? 2 : 1).map { Chart.Tick(Double($0), "\($0)") } : nil
        var chart = Chart(
            x: -0.6...Double(kl.count) - 0.4, y: 0...max(1.04 * (kl.max() ?? 0), 1e-3), height: 220, xTicks: ticks, wholeX: true)
        for (latent, value) in kl.enumerated() {
            chart.bar(
                Double(latent), value, colour: embeddings.codeVariance[latent] > 0.01 ? Palette.colours[0] : Palette.other)
        }
        let order = kl.indices.sorted { (-kl[$0], $0) < (-kl[$1], $1) }
        let largest = order.prefix(5).map { String(format: "latent %ld %.3f", $0, kl[$0]) }.joined(separator: ", ")
        let share = "\(active.count) of \(kl.count) latents are active"
        let key = [
            (name: "active", colour: Palette.colours[0]), (name: "carries next to nothing of the data", colour: Palette.other),
        ]
        page.section(
            "KL per latent",
            note: "\(share): the variance of their codes over the rows is above 0.01 (Burda et al. 2016).",
            chart.svg(
                xTitle: "latent", yTitle: "nats per row",
                alt: "KL divergence of each latent in nats per row. \(share). Largest: \(largest).")
                + (active.count < kl.count ? HTMLPage.legend(key) : ""))
    }
}
