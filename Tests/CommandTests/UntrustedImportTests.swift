import Foundation
import TestSupport
import Testing

/// Imports of files that claim gigabytes, crash their reader or never end: ended with one line, in little memory, leaving nothing.
@Suite(.serialized)
struct UntrustedImportTests {
    @Test func importsThatClaim() throws {
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
        let cases = [
            (["npz", "headers.npz"], "a header of 1048"), (["npz", "members.npz"], "has 1001 arrays, but at most 1000"),
            (["npy", "dimensions.npy"], "claims 33 dimensions, but at most 32"), (["npy", "fortran.npy"], "more than is free"),
            (["csv", "wide.csv"], "more than 1048576 columns"), (["images", "images"], "is a link to a folder"),
            (["csv", "lines.csv"], "without the end of a row"), (["csv", "blanks.csv"], "without the end of a row"),
            (["csv", "line.csv"], "without the end of a row"),
            (["idx", "row.idx"], "has rows of 4294967295 values, but at most"),
            (["mtx", "cells"], "barcodes.tsv: has more lines than the matrix"), (["npz", "more.npz"], "claims 4294967294 bytes"),
            (["npz", "less.npz"], "claims the shape [4, 4]"), (["npz", "members16.npz"], "not a zip file, or damaged"),
            (["npz", "deflate.npz"], "damaged"), (["images", "large"], "has rows of 201326592 values, but at most"),
            (["images", "claim"], "cannot be read as PNG"),
        ]
        let outcomes = try Measured.run(
            cases.map { ["import", $0.0[0], folder.path($0.0[1]), "--output", runs.path("out.h5")] })
        // The table is of 40 MB.
        for (item, outcome) in zip(cases, outcomes) {
            UntrustedFiles.expect(outcome, 65, [item.1], seconds: item.0[0] == "csv" ? 10 : 1)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs.url.path).isEmpty)
        // What is sound is read, whatever lies about it.
        let good = try Measured.run(
            [(["npz", "whole.npz"], "a.h5"), (["images", "words"], "b.h5")].map {
                ["import", $0.0[0], folder.path($0.0[1]), "--output", runs.path($0.1)]
            })
        for outcome in good { UntrustedFiles.expect(outcome, 0, ["wrote"]) }
    }

    /// An import that a file crashes, here for want of memory, ends as a line of another process, and leaves nothing.
    @Test func importsThatCrash() throws {
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
        let arguments = ["import", "images", folder.path("room"), "--size", "8x8", "--output", runs.path("out.h5")]
        let outcome = try Program.run(
            "/bin/sh", ["-c", "ulimit -d 200000; exec \"$@\"", "sh", Program.built("mpi-vae")] + arguments)
        #expect(outcome.status == 65 && outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(outcome.errors.contains("\(folder.path("room")): damaged, or takes more memory than is free"), "\(outcome)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs.url.path).isEmpty)
        let whole = try mpiVAE(arguments: arguments)
        #expect(whole.status == 65 && whole.errors.contains("cannot be read as PNG"), "\(whole)")
    }

    /// One that comes no further is ended by the system's limit of computing; whoever ends the program ends it too, so that the signal is
    /// what the test is told.
    @Test(arguments: [
        (SIGXCPU, Int32(65), "came no further in 600 seconds"), (SIGKILL, 69, "was killed"), (SIGTERM, SIGTERM, ""),
    ])
    func importsThatAreEnded(signal: Int32, status: Int32, message: String) throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
        let running = try Program.start(
            Program.built("mpi-vae"), ["import", "idx", folder.path("pipe"), "--output", folder.path("out.h5")])
        var processes: [Int32] = []
        for _ in 0..<500 where processes.count < 2 {
            usleep(10_000)
            processes = running.descendants(named: "mpi-vae")
        }
        try #require(processes.count == 2)
        // The child began later. Who asks the program to end speaks to the other.
        usleep(100_000)
        kill(processes[signal == SIGTERM ? 0 : 1], signal)
        let outcome = try running.wait(timeout: 10)
        #expect(outcome.status == status && outcome.errorLines.count == (message.isEmpty ? 0 : 1), "\(outcome)")
        #expect(outcome.errors.contains(message) || message.isEmpty, "\(outcome)")
        for process in processes { #expect(kill(process, 0) != 0, "\(process) is still there") }
    }
}
