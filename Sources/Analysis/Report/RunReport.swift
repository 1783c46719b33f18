internal import Datasets
internal import Foundation
internal import Importing
internal import Pages
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
    let findings: RunFindings
    /// What the map is coloured by besides labels.
    var colours: [PointValues] = []

    private var model: Model { applied.model }

    /// Writes the page, to a file or standard output. Throws ``Failure``.
    func write(to path: String) throws {
        let page = try page(isOwn: path == run.report)
        if path == OutputFiles.standardOutput { return ProgressLine.result(page) }
        try run.write(Array(page.utf8), to: path)
    }

    /// The page as HTML. What is missing in the folder is left out, as what says nothing. Throws ``Failure``.
    ///
    /// - Parameter isOwn: whether the page is that of the folder, which has a table beside it.
    private func page(isOwn: Bool) throws -> String {
        let summary = RunSummary(of: run)
        var page = HTMLPage(title: "Run \(FilePath.name(of: FilePath.absolute(run.path)))", subtitle: subtitle(summary))
        let embeddings = findings.embeddings
        let text = PlainFile.text(run.configuration, most: RunFolder.mostText, mayBeLink: false) ?? ""
        // As they were given: a checkpoint keeps only what decides the model.
        let settings = try? Configuration(toml: text, name: run.configuration)
        summarize(summary, embeddings, in: &page)
        Curves(run.metrics, beta: configuration.objective.beta)?.add(to: &page, bestStep: checkpoint.progress.step)
        RankWaits(run.ranks)?.add(to: &page)
        if let embeddings {
            if model.latent.hasPrior { LatentActivity(embeddings: embeddings).add(to: &page) }
            let map = CodeMap(embeddings)
            let name = settings?.data.options.labels ?? ""
            map.add((try? embeddings.labelValues(name.isEmpty ? "label" : name)) ?? nil, to: &page)
            for values in colours {
                if let one = values.constant {
                    page.section("Map of the codes by \(values.name)", note: "All rows have \(one).", "")
                } else {
                    map.add(values, to: &page)
                }
            }
        }
        TopicTable(applied, checkpoint)?.add(to: &page)
        if let settings {
            Anomalies(run, normal: settings.data.options.onlyLabels)?.add(to: &page)
        }
        let decoded = DecodedRows(applied, checkpoint, configuration)
        if let source { try Reconstructions(decoded: decoded, source: source, embeddings: embeddings).add(to: &page) }
        if let features = findings.features { FeatureSections(figures: features, name: decoded.name).add(to: &page) }
        if decoded.image == nil, let embeddings {
            let features = LatentFeatures(decoded, embeddings, findings.features)
            features.add(to: &page)
            if isOwn { try run.write(Array(features.csv.utf8), to: run.latentFeatures) }
        }
        try decoded.addSamples(to: &page)
        try decoded.addTraversals(embeddings, to: &page)
        if let source, let embeddings { try LatentFactors(embeddings, of: source)?.add(to: &page) }
        RunProvenance(
            run: run, summary: summary, checkpoint: checkpoint, configuration: configuration,
            testData: settings?.data.testData ?? "",
            data: source?.description ?? "\(dataName) (not found)"
        ).add(to: &page)
        page.section(
            "Configuration", HTMLPage.text(text.isEmpty ? checkpoint.configuration : text, behind: "Every key and its value"))
        return page.html
    }

    private func subtitle(_ summary: RunSummary?) -> String {
        let model = configuration.model
        return [
            "\(model.model.rawValue), \(self.model.latentSize) latents, \(self.model.layout.parameterCount) parameters", dataName,
            summary.map { CommandProvenance.date($0.finished) },
        ].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " · ")
    }

    /// The figures of the parts, each by itself: those of test rows first, on which nothing was chosen.
    private func summarize(_ summary: RunSummary?, _ embeddings: RunEmbeddings?, in page: inout HTMLPage) {
        var figures: [(String, String)] = []
        var table = ""
        // Those of another model say nothing of this one.
        if let summary, summary.bestStep == checkpoint.progress.step {
            let parts = [("test", summary.test), ("validation", summary.validation), ("training", summary.train)]
            if let (name, part) = parts.first(where: { $0.1 != nil }), let part {
                let rows = "of \(part.rows) \(name) rows"
                if model.latent.hasPrior {
                    figures.append((String(format: "%.3f", part.elbo), "ELBO \(rows)"))
                    figures.append((String(format: "%.3f", part.kl), "KL \(rows)"))
                } else {
                    // There is no KL, so nothing else is in the bound.
                    figures.append((String(format: "%.3f", part.reconstruction), "reconstruction error \(rows)"))
                }
            }
            func text(_ value: Double) -> String { String(format: "%.3f", value) }
            // Where the loss is -ELBO it says nothing new.
            let hasLoss = parts.contains { $0.1.map { text($0.loss) != text(-$0.elbo) } ?? false }
            let rows = parts.compactMap { name, figures in
                figures.map { figures in
                    ["\(name) rows", "\(figures.rows)"]
                        + ([figures.elbo, figures.reconstruction, figures.kl] + (hasLoss ? [figures.loss] : [])).map(text)
                }
            }
            table = HTMLPage.table(
                head: ["", "rows", "ELBO", "reconstruction", "KL"] + (hasLoss ? ["loss"] : []), rows: rows)
        }
        if let embeddings, model.latent.hasPrior {
            figures.append(("\(embeddings.activeLatents.count) of \(embeddings.codeVariance.count)", "latents are active"))
        }
        figures.append(("\(checkpoint.progress.step)", "steps of the best model"))
        page.section(
            "The best model", note: "Means over the rows of each part, nats per row.",
            HTMLPage.figures(figures.map { (value: $0.0, name: $0.1) }) + table)
    }
}
