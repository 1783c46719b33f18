import Foundation
import TestSupport

/// The versions of anndata that the tests have: Debian's, and those that `scripts/setup --tests` fetches.
enum AnnDataVersion: String, CaseIterable {
    case v0_7 = "0.7.8"
    case v0_8 = "0.8.0"
    case v0_10 = "0.10.9"
    /// Writes nullable strings as 0.13 does, when it is told to.
    case v0_12 = "0.12.19"

    /// Those that read what is written today.
    static let current: [Self] = [.v0_8, .v0_10, .v0_12]

    /// Runs lines of Python with this version.
    func python(_ script: String, _ arguments: [String]) throws -> Outcome {
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
        let folder = "\(cache)/mpi-vae/anndata/\(rawValue)"
        guard self == .v0_8 || FileManager.default.fileExists(atPath: folder) else {
            throw CannotRun(description: "\(folder) is missing: scripts/setup --tests fetches it")
        }
        let quiet = "import warnings; warnings.filterwarnings('ignore')\n"
        return try Program.run(
            "/usr/bin/python3", ["-c", quiet + script] + arguments, environment: self == .v0_8 ? [:] : ["PYTHONPATH": folder],
            timeout: 120)
    }
}
