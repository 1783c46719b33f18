internal import Distributed
internal import Support

extension TrainedModel {
    /// Writes a page about a run, `report.html` in its folder unless another path is given. Collective; throws ``SharedFailure``.
    ///
    /// What is missing (embeddings, the data) is left out, and said.
    ///
    /// - Parameter force: whether `output` is replaced if it is there; the page in the folder always is.
    /// - Returns: the path of the page.
    public func report(of folder: String, to output: String?, force: Bool = false) throws -> String {
        let run = RunFolder(path: folder)
        let path = output ?? run.report
        try world.onRoot {
            if let output {
                try OutputFiles([.init("--output", output, [.html])], force: force).check(
                    files: files + [run.embeddings, run.scores])
            }
            guard FilePath.isFolder(folder) else {
                throw Failure(.inputMissing, "\(folder) is not the folder of a run: give the one that train wrote")
            }
        }
        // Every rank must know which data to open; without a configuration that can be read there are none.
        let settings = (try? runConfiguration(folder)) ?? nil
        let data = settings?.data.data.isEmpty == false ? settings!.data.data : run.shapes
        let source = try? open(data, settings?.data.options ?? DataOptions())
        try world.onRoot {
            try RunReport(
                run: run, checkpoint: checkpoint, configuration: configuration, model: model, workspace: workspaces[0],
                source: source, dataName: data
            ).write(to: path)
        }
        return path
    }
}
