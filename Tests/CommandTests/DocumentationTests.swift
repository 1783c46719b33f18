import Foundation
import TestSupport
import Testing

/// The commands of the README and the tutorial run as they stand, in order.
@Suite(.serialized, WithSlurm())
struct DocumentationTests {
    /// What stands in a page to be run: lines of a shell, or a block of Python.
    private enum Step {
        case shell(String)
        case python(String)
    }

    private func steps(_ page: String) throws -> [Step] {
        let text = try String(contentsOfFile: repositoryPath(page), encoding: .utf8)
        var steps: [Step] = []
        var block: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let lines = block { steps.append(.python(lines.joined(separator: "\n"))) }
                block = block == nil ? [] : nil
            } else if block != nil {
                block!.append(line)
            } else if line.hasPrefix("    ") {
                // A line that ends in a backslash goes on in the next.
                let line = String(line.dropFirst(4))
                if case .shell(let before) = steps.last, before.hasSuffix("\\") {
                    steps[steps.count - 1] = .shell("\(before)\n\(line)")
                } else {
                    steps.append(.shell(line))
                }
            }
        }
        return steps
    }

    /// Runs what stands in a page in order, all of it by one Python, so that later blocks know what earlier ones made.
    private func run(_ steps: [Step], in folder: TemporaryFolder) throws {
        let slurm = try #require(SlurmCluster.current)
        let programs = URL(fileURLWithPath: try Program.built("mpi-vae")).deletingLastPathComponent().path
        // Jobs are waited for (sbatch --wait looks seldom), and the nodes are small.
        let prelude = """
            sbatch() {
                job=$(command sbatch --parsable --ntasks-per-node=1 --time=5 "$@")
                while [ -n "$(squeue --noheader --jobs "$job" 2>/dev/null)" ]; do sleep 0.3; done
            }
            F=/usr/share/datasets/fashion-mnist

            """
        let listed = try JSONEncoder().encode(
            steps.map { step in
                switch step {
                case .shell(let line): ["shell", prelude + line]
                case .python(let block): ["python", block]
                }
            })
        let outcome = try Program.run(
            "/usr/bin/python3",
            [
                "-c",
                """
                import json, os, subprocess, sys
                names = {}
                for kind, text in json.loads(sys.argv[1]):
                    if kind == "python":
                        exec(compile(text, text, "exec"), names)
                        continue
                    done = subprocess.run(["/bin/bash", "-euc", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    assert done.returncode == 0, f"{text}\\n{done.returncode}\\n{done.stdout}"
                """, String(decoding: listed, as: UTF8.self),
            ],
            environment: ["PATH": "\(programs):/usr/bin:/bin", "SLURM_CONF": "\(slurm.path)/slurm.conf", "MPLBACKEND": "Agg"],
            folder: folder.url, timeout: 300)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func tutorial() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: folder.path("jobs"), withDestinationPath: repositoryPath("jobs"))
        let steps = try steps("docs/tutorial.md")
        #expect(steps.count > 20, "so many there were when this was written")
        try run(steps, in: folder)
        for name in ["latent.png", "samples.png", "test.csv", "runs/tutorial/report.html", "runs/cluster/embeddings.h5"] {
            #expect(FileManager.default.fileExists(atPath: folder.path(name)), "\(name)")
        }
    }

    /// The pages for a kind of data each, from its first line to its last.
    @Test(arguments: ["single-cells", "molecular-dynamics", "sensors", "images", "administrators"]) func session(
        page: String
    ) throws {
        let steps = try steps("docs/\(page).md")
        #expect(steps.count >= 6, "so many there were when this was written")
        try run(steps, in: TemporaryFolder())
    }

    /// What the README shows, on the data that `scripts/demo` imports.
    @Test func readme() throws {
        var steps = [
            Step.shell(
                """
                mkdir runs
                mpi-vae import idx --images $F/train-images-idx3-ubyte.gz --labels $F/train-labels-idx1-ubyte.gz --output runs/fashion.h5 --name train
                mpi-vae import idx --images $F/t10k-images-idx3-ubyte.gz --labels $F/t10k-labels-idx1-ubyte.gz --output runs/fashion.h5 --name test
                """)
        ]
        var (commands, python) = (0, "")
        for case .shell(let line) in try self.steps("README.md") {
            if line.hasPrefix("$ ") {
                steps.append(.shell(String(line.dropFirst(2)).replacing(".build/release/", with: "")))
                commands += 1
            } else if line.contains("h5py") || line.contains("pd.") {
                python += line + "\n"
            } else {
                #expect(
                    line.hasPrefix("scripts/") || line.hasPrefix("mpi-vae: ") || commands > 0, "neither run nor output: \(line)")
            }
        }
        #expect(commands > 0 && python.contains("h5py"))
        try run(steps + [.python(python)], in: TemporaryFolder())
    }
}
