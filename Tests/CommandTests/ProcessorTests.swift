import Foundation
import TestSupport
import Testing

/// One build runs on every processor: emulated ones, without AVX and without AVX-512, never meet an instruction they lack.
@Suite(.serialized)
struct ProcessorTests {
    private func run(_ processor: String, _ arguments: [String]) throws -> Outcome {
        #if arch(x86_64)
        try Program.run("/usr/bin/qemu-x86_64", ["-cpu", processor, Program.built("mpi-vae")] + arguments, timeout: 120)
        #else
        try Program.run("/usr/bin/qemu-aarch64", ["-cpu", "cortex-a57", Program.built("mpi-vae")] + arguments, timeout: 120)
        #endif
    }

    @Test(arguments: ["Nehalem", "Haswell"])
    func trainsOnOldProcessors(processor: String) throws {
        let folder = try TemporaryFolder()
        let train = [
            "train", "--data", try Fixtures.digits.get(), "--hidden", "16", "--latent", "3", "--likelihood", "gaussian-learned",
            "--activation", "gelu", "--optimizer", "adamw", "--clip-norm", "1", "--threads", "1", "--max-steps", "2",
        ]
        let here = try Program.run(Program.built("mpi-vae"), train + ["--output", folder.path("here")])
        let there = try run(processor, train + ["--output", folder.path("there")])
        #expect(here.status == 0 && there.status == 0, "\(there)")
        func loss(_ run: String) throws -> Double { Double(try metrics(folder.path(run)).last![2])! }
        #expect(abs(try loss("there") / loss("here") - 1) < 1e-5)
    }

    @Test func slowPrecisionIsRefused() throws {
        let folder = try TemporaryFolder()
        let outcome = try run(
            "Haswell",
            [
                "train", "--data", Fixtures.digits.get(), "--likelihood", "mse", "--precision", "bf16", "--output",
                folder.path("run"),
            ])
        #expect(outcome.status == 78 && outcome.errors.contains("no instructions for bf16"), "\(outcome)")
    }
}
