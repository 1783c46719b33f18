import Foundation
import TestSupport
import Testing

/// Runs `mpi-vae` as its users do.
func mpiVAE(_ arguments: String..., environment: [String: String] = [:], folder: URL? = nil) throws -> Outcome {
    try mpiVAE(arguments: arguments, environment: environment, folder: folder)
}

/// The same, with its arguments in an array.
func mpiVAE(arguments: [String], environment: [String: String] = [:], folder: URL? = nil) throws -> Outcome {
    try Program.run(
        Program.built("mpi-vae"), arguments, environment: environment, folder: folder)
}

/// Runs `mpirun -n RANKS mpi-vae`.
func mpiVAE(
    ranks: Int, _ arguments: [String], environment: [String: String] = [:], timeout: Double = 60
) throws -> Outcome {
    try Program.mpirun(ranks: ranks, Program.built("mpi-vae"), arguments, environment: environment, timeout: timeout)
}

/// Real data, imported once for all tests.
enum Fixtures {
    /// 1,797 digits of 8 x 8 pixels, 0 to 16, from scikit-learn; under /train and /test with labels.
    static let digits = Result {
        try make("digits.h5") { path in
            let source = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"
            return try [mpiVAE("import", "csv", "--file", source, "--label", "64", "--output", path)]
        }
    }

    /// The 10,000 test images of Fashion-MNIST.
    static let fashion = Result {
        try make("fashion.h5") { path in
            let folder = "/usr/share/datasets/fashion-mnist"
            return try [
                mpiVAE(
                    "import", "idx", "--images", "\(folder)/t10k-images-idx3-ubyte.gz", "--labels",
                    "\(folder)/t10k-labels-idx1-ubyte.gz", "--output", path)
            ]
        }
    }

    private static let folder = Result { try TemporaryFolder() }

    private static func make(_ name: String, _ body: (String) throws -> [Outcome]) throws -> String {
        let path = try folder.get().path(name)
        for outcome in try body(path) where outcome.status != 0 { throw CannotRun(description: "\(outcome)") }
        return path
    }
}

/// The newest checkpoint of a run.
func newestCheckpoint(_ run: String) throws -> Data {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(run)/checkpoints").filter { $0.hasSuffix(".h5") }
    return try Data(contentsOf: URL(fileURLWithPath: "\(run)/checkpoints/\(try #require(names.max()))"))
}

/// The columns of metrics.csv that do not depend on time.
func metrics(_ run: String) throws -> [[Substring]] {
    try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8).split(separator: "\n")
        .map { Array($0.split(separator: ",", omittingEmptySubsequences: false).prefix(6)) }
}

/// Whether the processor has instructions for products in bfloat16.
func hasBF16() throws -> Bool { try mpiVAE("doctor").output.contains("bf16 products  yes") }
