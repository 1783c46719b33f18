internal import Distributed
internal import Importing
internal import Support
internal import Training

/// What the program is made of and runs with, as `--version` and `doctor` say it.
enum Version {
    /// A line each: the program, its libraries, the instructions of its kernels, and Swift.
    static var lines: [String] {
        ["mpi-vae \(programVersion)"] + libraryVersions().map { "\($0.library)  \($0.version)" }
            + ["kernels  \(Instructions.name)", "Swift  \(swift)"]
    }

    /// The compiler tells its version by conditions alone.
    private static var swift: String {
        #if compiler(>=6.4)
        "6.4 or newer"
        #elseif compiler(>=6.3)
        "6.3"
        #elseif compiler(>=6.2)
        "6.2"
        #else
        "6.1"
        #endif
    }
}
