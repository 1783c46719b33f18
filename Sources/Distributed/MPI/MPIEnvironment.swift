internal import CKernels
internal import CMPI
internal import Foundation
public import Support

/// An error that every rank knows of, so that all end together; thrown by ``World/together(_:)``.
public struct SharedFailure: ExitStatusError, CustomStringConvertible {
    public let exitStatus: Int32
    /// What went wrong, on the one rank that speaks for all; nil on the others.
    public let message: String?

    public var description: String { message ?? "another rank failed, and says why" }

    /// - Parameter message: on one rank alone.
    public init(exitStatus: Int32, message: String?) {
        self.exitStatus = exitStatus
        self.message = message
    }
}

/// Starts MPI, runs `body`, ends MPI, and gives the status to exit with.
///
/// An error of one rank must not leave the others waiting: it is printed with its rank and host, and the whole job is ended at
/// once with its exit status (69 for an ``MPIError``, 70 for errors that name none) by `MPI_Abort`. A ``SharedFailure`` is
/// printed by one rank and all ranks end in good order.
///
/// - Parameter body: gives the status to exit with; runs on the thread that calls, the only one that may call MPI.
public func withMPI(_ body: (World) throws -> Int32) -> Int32 {
    // Output goes to a launcher, which may be gone; a file that may not grow is an error like others.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    if let problem = limitProblem() {
        // One rank of a node speaks, and the launcher ends all when the first has ended.
        if Launcher().localRank == 0 { report(problem) } else { sleep(2) }
        return ExitCode.unavailable.rawValue
    }
    let settings = StartSettings()
    let pause = StartSettings.pause(ProcessInfo.processInfo.environment)
    var provided: Int32 = 0
    let started = MPI_Init_thread(nil, nil, cmpi_thread_funneled(), &provided)
    settings.forget()
    guard started == MPI_SUCCESS else {
        report("MPI could not be started: see the messages above, or run `mpi-vae doctor`")
        return ExitCode.unavailable.rawValue
    }
    usleep(pause)
    // What MPI has loaded may have changed how this thread rounds.
    kernel_set_arithmetic()
    do {
        let world = try World()
        do {
            let status = try body(world)
            world.end()
            return status
        } catch let failure as SharedFailure {
            if let message = failure.message { report(message) }
            world.end()
            return failure.exitStatus
        } catch {
            report(world.size == 1 ? "\(error)" : "rank \(world.rank) of \(world.size) on \(world.host): \(error)")
            // With one rank there is nobody to end but ourselves, and MPI_Abort would only add noise.
            if world.size > 1 { MPI_Abort(cmpi_comm_world().handle, exitStatus(of: error)) }
            world.end()
            return exitStatus(of: error)
        }
    } catch {
        report("\(error)")
        MPI_Abort(cmpi_comm_world().handle, ExitCode.unavailable.rawValue)
        return ExitCode.unavailable.rawValue
    }
}

/// What limits of this process (`ulimit`) leave no room for MPI to start in, where it would crash; nil if they do.
private func limitProblem() -> String? {
    func limit(_ resource: __rlimit_resource) -> rlim_t {
        var limits = rlimit()
        return getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 ? limits.rlim_cur : .max
    }
    // Addresses, not memory: every thread reserves some that it never uses.
    let (addresses, files) = (limit(RLIMIT_AS), limit(RLIMIT_NOFILE))
    if addresses < 1 << 30 {
        return
            "only \(addresses >> 20) MiB of addresses are allowed (ulimit -v), and MPI and threads need 1024: raise the limit, or "
            + "limit memory by a control group"
    }
    return files < 64 ? "only \(files) open files are allowed (ulimit -n), and MPI needs 64 or more: raise the limit" : nil
}

func exitStatus(of error: any Error) -> Int32 {
    switch error {
    case let error as any ExitStatusError: error.exitStatus
    case is MPIError: ExitCode.unavailable.rawValue
    default: ExitCode.internal.rawValue
    }
}

/// One whole line on stderr, in one write so that lines of several ranks do not mix.
func report(_ message: String) {
    ProgressLine.write("mpi-vae: error: \(message)\n", to: STDERR_FILENO)
}

/// Why a world of one rank is probably not what was asked for, if a launcher meant to start more.
///
/// `srun` without `--mpi=pmix`, or the launcher of another MPI, starts N worlds of one rank that would all write one folder.
func singletonHint(worldSize: Int) -> String? {
    guard worldSize == 1 else { return nil }
    let launcher = Launcher()
    guard launcher.taskCount > 1 else { return nil }
    return launcher.isSlurmStep
        ? "Slurm started \(launcher.taskCount) tasks but each is an MPI world of its own: "
            + "use `srun --mpi=pmix` or mpirun (`srun --mpi=list` shows what your Slurm has)"
        : "the launcher started \(launcher.taskCount) processes but each is an MPI world of its own: "
            + "use the mpirun of the MPI library that mpi-vae was built with (`mpi-vae doctor` names it)"
}

/// The name and version of the MPI library that the program runs with.
public func mpiVersion() -> String {
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
    var length: Int32 = 0
    MPI_Get_library_version(&text, &length)
    let bytes = text.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).split { ",\n".contains($0) }.first.map(String.init) ?? "unknown"
}
