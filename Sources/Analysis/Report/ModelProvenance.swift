internal import Distributed
internal import Pages
internal import Training

extension TrainedModel {
    /// Adds how a page came about: the command, when, by which model, of which data. Used by root alone.
    ///
    /// - Parameter data: as they are called.
    func addProvenance(of data: String, to page: inout HTMLPage) {
        page.section(
            "How it was made",
            HTMLPage.table(
                CommandProvenance.rows + [
                    ("ranks", "\(world.size)"), ("data", data), ("model", "\(place.path), step \(checkpoint.progress.step)"),
                    ("digest", "\(checkpoint.digest ?? "none") of its parameters"),
                ]))
    }
}
