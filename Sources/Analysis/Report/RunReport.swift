internal import Datasets
internal import Foundation
internal import Importing
internal import Support
internal import Training
internal import VAE

/// The page about a run: what its folder holds, and what its best model makes of the data. Made by root alone.
///
/// It takes little time and memory however large the run is: of very many rows, ranks and pixels some are shown.
struct RunReport {
    let run: RunFolder
    /// That of the best model.
    let checkpoint: Checkpoint
    let configuration: Configuration
    /// With the best parameters.
    let applied: AppliedModel
    /// nil where the data could not be found.
    let source: DataSource?
    /// What the configuration calls them.
    let dataName: String

    private var model: Model { applied.model }

    /// Writes the page, to a file or standard output. Throws ``Failure``.
    func write(to path: String) throws {
        let page = try page()
        if path == OutputFiles.standardOutput { return ProgressLine.result(page) }
        try run.write(Array(page.utf8), to: path)
    }

    /// The page as HTML. What is missing in the folder is left out. Throws ``Failure``.
    private func page() throws -> String {
        var page = HTMLPage(title: "Run \(FilePath.name(of: FilePath.absolute(run.path)))")
        // Those of another model, or of none of whose rows anything can be said, are left out.
        let embeddings = (try? RunEmbeddings(run.embeddings)).flatMap {
            $0.klPerLatent.count == model.latentSize && $0.readCount > 0 ? $0 : nil
        }
        let text = (try? String(contentsOfFile: run.configuration, encoding: .utf8)) ?? ""
        summarize(embeddings, in: &page)
        Curves(run.metrics, beta: configuration.objective.beta)?.add(to: &page)
        RankWaits(run.ranks)?.add(to: &page)
        if let embeddings { add(embeddings, to: &page) }
        TopicTable(applied, checkpoint)?.add(to: &page)
        if let settings = try? Configuration(toml: text, name: run.configuration) {
            Anomalies(run, normal: settings.data.options.onlyLabels)?.add(to: &page)
        }
        let decoded = DecodedRows(
            applied: applied, preparation: checkpoint.preparation(configuration), configuration: configuration,
            shape: checkpoint.inputShape, conditions: checkpoint.conditions?.first ?? [])
        if let source { try decoded.addReconstructions(of: source, to: &page) }
        try decoded.addSamples(to: &page)
        try decoded.addTraversals(embeddings, to: &page)
        page.section("Configuration", HTMLPage.text(text.isEmpty ? checkpoint.configuration : text))
        page.section(
            "Environment",
            HTMLPage.table(
                [
                    ("mpi-vae", programVersion), ("data", source?.description ?? "\(dataName) (not found)"),
                    ("arithmetic", "\(checkpoint.history.arithmetic)"),
                    ("digest of the parameters after step \(checkpoint.progress.step)", checkpoint.digest ?? ""),
                ]
                    + startRows
                    + libraryVersions().map { ($0.library, $0.version) }))
        return page.html
    }

    /// Where the first parameters came from, and which of them stayed; nothing for those of most runs.
    private var startRows: [(String, String)] {
        let training = configuration.training
        var rows: [(String, String)] = []
        if !training.fromDigest.isEmpty {
            let path = (try? RunRecord(of: run))?.configuration.training.from ?? ""
            rows.append(("first parameters (\(training.fromPart.rawValue)) from \(path)", training.fromDigest))
        }
        if training.freeze != .none { rows.append(("frozen", training.freeze.rawValue)) }
        return rows
    }

    private func summarize(_ embeddings: RunEmbeddings?, in page: inout HTMLPage) {
        let model = configuration.model
        var figures = [
            ("\(model.model.rawValue), \(model.latent) latents", "model"), ("\(self.model.layout.parameterCount)", "parameters"),
            ("\(checkpoint.progress.step)", "steps of the best model"),
        ]
        if let embeddings {
            let some = embeddings.readCount == embeddings.count ? "" : "\(embeddings.readCount) of "
            let rows = "of \(some)\(embeddings.count) rows, nats per row"
            if self.model.latent.hasPrior {
                figures.append((String(format: "%.3f", embeddings.elbo), "ELBO \(rows)"))
                figures.append((String(format: "%.3f", embeddings.klPerLatent.reduce(0, +)), "KL, nats per row"))
            } else {
                // There is no KL, so nothing else is in the bound.
                figures.append((String(format: "%.3f", -embeddings.elbo), "reconstruction error \(rows)"))
            }
        }
        page.section("The best model", HTMLPage.figures(figures.map { (value: $0.0, name: $0.1) }) + (partFigures ?? ""))
    }

    /// The figures of the parts, as the run noted them; nil where it did not, or not of this model.
    private var partFigures: String? {
        guard let summary = RunSummary(of: run), summary.bestStep == checkpoint.progress.step else { return nil }
        let parts = [("training rows", summary.train), ("validation rows", summary.validation), ("test rows", summary.test)]
        let rows = parts.compactMap { name, figures in
            figures.map { figures in
                [name, "\(figures.rows)"]
                    + [figures.elbo, figures.reconstruction, figures.kl, figures.loss].map { String(format: "%.3f", $0) }
            }
        }
        return HTMLPage.table(head: ["nats per row", "rows", "ELBO", "reconstruction", "KL", "loss"], rows: rows)
    }

    private func add(_ embeddings: RunEmbeddings, to page: inout HTMLPage) {
        if model.latent.hasPrior {
            let kl = embeddings.klPerLatent
            var chart = Chart(x: -0.6...Double(kl.count) - 0.4, y: 0...max(kl.max() ?? 0, 1e-3), height: 220)
            for (latent, value) in kl.enumerated() { chart.bar(Double(latent), value, colour: Chart.colours[0]) }
            page.section(
                "KL per latent", note: "Latents near 0 carry nothing of the data.",
                chart.svg(xTitle: "latent", yTitle: "nats per row", title: "KL per latent", wholeX: true))
        }
        let map = embeddings.map()
        page.section("Map of the codes", note: map.note, map.html)
    }
}
