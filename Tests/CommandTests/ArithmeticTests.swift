import Foundation
import TestSupport
import Testing

/// What decides the bits of a result is in the program itself, and MPI_VAE_ISA chooses among instructions that give the same.
struct ArithmeticTests {
    /// Functions whose last digits differ between C libraries and processors; log10 is not among them, because TOML++ counts digits with it.
    private static let inexact: Set<Substring> = [
        "exp", "exp2", "exp10", "expm1", "log", "log2", "log1p", "pow", "sin", "cos", "sincos", "tan", "asin", "acos",
        "atan",
        "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "hypot", "erf", "erfc", "lgamma", "tgamma", "fma",
    ]

    @Test func noFunctionsOfTheCLibrary() throws {
        let outcome = try Program.run("/usr/bin/nm", ["-D", "--undefined-only", Program.built("mpi-vae")])
        // Lines such as "U log@GLIBC_2.29"; functions of floats end with f.
        let names = outcome.output.split(separator: "\n").compactMap {
            $0.split(separator: " ").last?.split(separator: "@").first
        }
        #expect(outcome.status == 0 && names.contains("memcpy"), "\(outcome)")
        let found = names.filter { Self.inexact.contains($0) || ($0.last == "f" && Self.inexact.contains($0.dropLast())) }
        #expect(found.isEmpty, "\(found)")
    }

    @Test func instructionsAreChosen() throws {
        func doctor(_ instructions: String?) throws -> Outcome {
            try Program.run(
                Program.built("mpi-vae"), ["doctor"], environment: instructions.map { ["MPI_VAE_ISA": $0] } ?? [:])
        }
        let best = try doctor(nil)
        #expect(best.output.contains(/kernels  (scalar|avx2|avx512|neon)\n/), "\(best)")
        let least = try doctor("scalar")
        #expect(least.status == 0 && least.output.contains("kernels  scalar\n"), "\(least)")
        let unknown = try doctor("sse9")
        #expect(unknown.status == 78 && unknown.errorLines.count == 1 && unknown.errors.contains("'sse9'"), "\(unknown)")
        #if arch(arm64)
        let foreign = "avx2"
        #else
        let foreign = "neon"
        #endif
        for ranks in [1, 2] {
            let outcome = try Program.mpirun(
                ranks: ranks, Program.built("mpi-vae"), ["doctor"], environment: ["MPI_VAE_ISA": foreign])
            #expect(
                outcome.status == 78 && outcome.errorLines.count == 1 && outcome.errors.contains("has no \(foreign)"),
                "\(outcome)")
        }
    }
}
