import Foundation
import TestSupport
import Testing

/// The bits of twenty-one small models and of all that is made with them, as Tests/Golden/digests.txt has them: the same on every machine and
/// from commit to commit. docs/reproducibility.md says when they may change.
@Suite struct GoldenTests {
    @Test func digestsAreTheSame() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Golden/golden.py")
            .standardized
        let outcome = try Program.run("/usr/bin/python3", [script.path, try Program.built("mpi-vae")], timeout: 400)
        #expect(outcome.status == 0 && outcome.output.contains(" digests, 0 differ"), "\(outcome)")
    }
}
