import Campaigns
import Datasets
import Testing
import Training

/// The points of a sweep.
struct SweepGridTests {
    /// Each run has the preset of its own model.
    @Test func runsResolvePresets() throws {
        let grid = try SweepGrid(["model=ae,denoising"], given: []) {
            try Configuration.load(
                file: nil, environment: [:], flags: ["validation-fraction": "0.1"].merging($0) { $1 }, assignments: [])
        }
        #expect(grid.points.map(\.configuration.model.corruption) == [.none, .gaussian])
    }
}
