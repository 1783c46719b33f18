internal import Foundation

/// Whose a run folder is: what was trained there, on what, how far, and when.
struct RunOwner: CustomStringConvertible {
    let description: String

    /// - Parameter checkpoint: the newest of the folder.
    init(_ folder: RunFolder, _ checkpoint: Checkpoint) {
        var model = "a run"
        if let trained = try? Configuration(toml: checkpoint.configuration, name: folder.path) {
            model = "a run of \(trained.model.model.rawValue) \(trained.model.hidden), latent \(trained.model.latent)"
        }
        var data = ""
        if let record = (try? RunRecord(of: folder)) ?? nil {
            let name = record.configuration.data.data
            data = name == "\(folder.shapes):/data" ? " on generated shapes" : " on \(name)"
        }
        var saved = ""
        if let newest = folder.checkpointPaths().first,
            let date = (try? FileManager.default.attributesOfItem(atPath: newest))?[.modificationDate] as? Date
        {
            saved = ", saved \(ISO8601DateFormatter().string(from: date))"
        }
        let progress = checkpoint.progress
        description = "\(folder.path) holds \(model)\(data), \(progress.epoch) epochs, \(progress.step) steps\(saved)"
    }
}
