internal import Distributed
internal import Foundation
internal import HDF5
internal import VAE

extension TrainedModel {
    /// Writes a page about a run, `report.html` in its folder unless another path is given. Collective; throws ``SharedFailure``.
    ///
    /// What is missing (embeddings, the data) is left out, and said.
    ///
    /// - Parameter force: whether `output` is replaced if it is there; the page in the folder always is.
    /// - Returns: the path of the page.
    public func report(of folder: String, to output: String?, force: Bool = false) throws -> String {
        let run = RunFolder(path: folder)
        let path = output ?? "\(folder)/report.html"
        try world.onRoot {
            if let output { try ResultFile.check(output, force: force) }
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                throw Failure(.inputMissing, "\(folder) is not the folder of a run: give the one that train wrote")
            }
        }
        // Every rank must know which data to open.
        let text = try world.communicator.broadcastFromRoot(world) {
            (try? String(contentsOfFile: run.configuration, encoding: .utf8)) ?? ""
        }
        let settings = try? Configuration(toml: text, name: run.configuration)
        let data = settings?.data.data.isEmpty == false ? settings!.data.data : run.shapes
        let source = try? open(data, settings?.data.options ?? DataOptions())
        try world.onRoot {
            var page = HTMLPage(title: "Run \(URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent)")
            let embeddings = try? RunEmbeddings(run.embeddings)
            summarize(embeddings, in: &page)
            addLoss(run, to: &page)
            if let embeddings { try add(embeddings, to: &page) }
            try addImages(source, to: &page)
            page.section("Configuration", HTMLPage.text(text.isEmpty ? checkpoint.configuration : text))
            page.section(
                "Environment",
                HTMLPage.table(
                    [("mpi-vae", programVersion), ("data", source?.description ?? "\(data) (not found)")]
                        + libraryVersions().map { ($0.library, $0.version) }))
            try run.write(Array(page.html.utf8), to: path)
        }
        return path
    }

    private func summarize(_ embeddings: RunEmbeddings?, in page: inout HTMLPage) {
        let model = configuration.model
        var figures = [
            ("\(model.model.rawValue), \(model.latent) latents", "model"), ("\(self.model.layout.parameterCount)", "parameters"),
            ("\(checkpoint.progress.step)", "steps of the best model"),
        ]
        if let embeddings {
            figures.append((String(format: "%.3f", embeddings.elbo), "ELBO of \(embeddings.count) rows, nats per row"))
            figures.append((String(format: "%.3f", embeddings.klPerLatent.reduce(0, +)), "KL, nats per row"))
        }
        page.section("The best model", HTMLPage.figures(figures.map { (value: $0.0, name: $0.1) }))
    }

    private func addLoss(_ run: RunFolder, to page: inout HTMLPage) {
        let lines = ((try? String(contentsOfFile: run.metrics, encoding: .utf8)) ?? "").split(separator: "\n").dropFirst()
        let rows = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) } }.filter {
            $0.count > 3
        }
        let train = rows.compactMap { row in row[0].flatMap { epoch in row[2].map { (epoch, $0) } } }
        let validation = rows.compactMap { row in row[0].flatMap { epoch in row[3].map { (epoch, -$0) } } }
        let all = (train + validation).filter { $0.1.isFinite }
        guard let low = all.map(\.1).min(), let high = all.map(\.1).max() else { return }
        var chart = Chart(x: all.map(\.0).min()!...all.map(\.0).max()!, y: low...high)
        chart.line(train.filter { $0.1.isFinite }, colour: Chart.colours[0])
        var entries = [(name: "training loss", colour: Chart.colours[0])]
        if !validation.isEmpty {
            chart.line(validation.filter { $0.1.isFinite }, colour: Chart.colours[1])
            entries.append((name: "validation, -ELBO", colour: Chart.colours[1]))
        }
        page.section(
            "Loss",
            chart.svg(xTitle: "epoch", yTitle: "nats per row", title: "loss by epoch", wholeX: true) + Chart.legend(entries))
    }

    private func add(_ embeddings: RunEmbeddings, to page: inout HTMLPage) throws {
        if configuration.model.model == .vae {
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

    private func addImages(_ source: DataSource?, to page: inout HTMLPage) throws {
        guard let shape = ImageShape(checkpoint.inputShape) else { return }
        let features = model.configuration.inputSize
        if let source, source.features == features {
            let count = min(32, source.rowCount)
            let preparation = self.preparation.withoutLikelihood
            let rows = source.selection.rows(0..<count)
            let store = RowStore(format: source.format, capacity: count)
            try RowLoader(source, preparation.allowed).load(rows, into: store, at: 0)
            let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
            let buffer = BatchBuffer(capacity: count, format: source.format, preparation: preparation)
            let batch = buffer.fill(count: count, noise: noise) { store.row($0) }
            let means = AlignedBuffer(count: count * features)
            workspaces[0].reconstruct(batch, into: means.pointer)
            preparation.restore(means.pointer, rows: count, features: features)
            let originals = try RowFetcher(source).values(rows)
            var grid = ImageGrid(shape, group: 2, columns: 8, most: 64)
            for row in 0..<count where !grid.isFull {
                grid.add(originals.pointer + row * features, setsRange: false)
                grid.add(means.pointer + row * features)
            }
            page.section(
                "Reconstructions", note: "The first rows, each beside what the model takes it for.",
                try HTMLPage.image(grid.bitmap(), alt: "originals beside their reconstructions"))
        }
        guard configuration.model.model == .vae else { return }
        let codes = PriorCodes(count: 64, latentSize: model.configuration.latentSize, seed: configuration.training.seed)
        let (latent, means) = (AlignedBuffer(count: 64 * codes.latentSize), AlignedBuffer(count: 64 * features))
        codes.fill(latent.pointer, 0..<64)
        workspaces[0].decode(latent.pointer, rowCount: 64, mean: means.pointer)
        preparation.restore(means.pointer, rows: 64, features: features)
        var grid = ImageGrid(shape, columns: codes.columns, most: codes.shown)
        for row in 0..<64 where !grid.isFull { grid.add(means.pointer + row * features) }
        page.section(
            "Samples", note: "Decoded draws of the prior.", try HTMLPage.image(grid.bitmap(), alt: "samples of the prior"))
    }
}
