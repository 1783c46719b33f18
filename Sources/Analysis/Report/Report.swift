internal import Datasets
internal import Distributed
internal import Support
internal import Training

extension TrainedModel {
    /// Writes a page about the run that the model is from, `report.html` in its folder unless another path is given. Collective; throws
    /// ``SharedFailure``.
    ///
    /// What is missing (embeddings, the data) is left out, and said.
    ///
    /// - Parameters:
    ///   - colours: columns of the data, as `--labels` names them, that maps are coloured by besides the labels.
    ///   - force: whether `output` is replaced if it is there; the page in the folder always is.
    /// - Returns: the path of the page.
    public func report(to output: String?, colours: [String] = [], force: Bool = false) throws -> String {
        var path = ""
        try world.onRoot {
            guard let run = place.run else {
                throw Failure(.inputMissing, "\(place.path) is not the folder of a run: give the one that train wrote")
            }
            if let output {
                try OutputFiles([.init("--output", output, [.html])], force: force).check(
                    files: files + [run.embeddings, run.scores])
            }
            path = output ?? run.report
            try FileProbe.survives(resultsIn: run.path)
        }
        // Every rank must know which data to open; without a configuration that can be read there are none.
        let record = (try? runRecord()) ?? nil
        let data = record?.configuration.data.data ?? ""
        let located = try world.broadcastFromRoot { record?.trainingData ?? "" }
        let source = located.isEmpty ? nil : try? open(located, record!.configuration.data.options)
        let findings = try RunFindings.collect(
            place.run, checkpoint, configuration, applied, world: world, pool: pool, source: source)
        var values: [PointValues] = []
        for name in colours {
            guard source != nil else {
                throw SharedFailure(
                    exitStatus: ExitCode.inputMissing.rawValue,
                    message: world.isRoot
                        ? "--colour \(name): the data of the run, \(data), are not there any more: leave it out" : nil)
            }
            var options = record!.configuration.data.options
            options.labels = name
            let coloured = try open(located, options)
            try world.onRoot { if let own = try findings.values(name, of: coloured) { values.append(own) } }
        }
        try world.onRoot {
            try RunReport(
                run: place.run!, checkpoint: checkpoint, configuration: configuration, applied: applied,
                source: source, dataName: data, findings: findings, colours: values
            ).write(to: path)
        }
        return path
    }
}
