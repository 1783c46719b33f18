internal import Foundation
internal import Support

/// The file `lock` of a run folder, by which one job at a time writes into it. Taken by root; gone with its owner.
///
/// It names its holder for people, and is locked (flock) for programs: the kernel lets go when the process ends, however it ends, so
/// nothing stale blocks the next job. Where the file system knows no such locks, what the file says has to do.
final class RunLock {
    private let path: String
    private let descriptor: Int32

    /// Who holds a lock.
    struct Holder: Codable, Equatable {
        var host: String
        var pid: Int32
        /// Of Slurm; empty without.
        var job: String
        /// Of Slurm: the job's step, if it is one, and how often the job was queued again. What older versions wrote lacks the latter.
        var step: String?
        var restarts: Int?
        /// When the process began, in the kernel's ticks since the host's start.
        var ticks: Int?
        /// For people; not compared with anything.
        var start: String

        static func current(host: String) -> Holder {
            let environment = ProcessInfo.processInfo.environment
            let job = environment["SLURM_JOB_ID"] ?? ""
            return Holder(
                host: host, pid: getpid(), job: job, step: job.isEmpty ? nil : environment["SLURM_STEP_ID"],
                restarts: job.isEmpty ? nil : environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0,
                ticks: ticks(of: getpid()), start: ISO8601DateFormatter().string(from: Date()))
        }

        /// Whether its process cannot be running any more, as far as the file tells.
        func isGone(seenBy other: Holder) -> Bool {
            if host == other.host {
                if kill(pid, 0) != 0, errno == ESRCH { return true }
                // Its number may be another's by now.
                if let ticks, let now = Self.ticks(of: pid) { return ticks != now }
                return false
            }
            // A job of Slurm runs once at a time, so whoever ran before it was queued again is gone; but its steps run side by side.
            return !job.isEmpty && job == other.job && (restarts.map { $0 != other.restarts } ?? true)
        }

        /// When a process of this host began; nil if that is not told.
        private static func ticks(of pid: Int32) -> Int? {
            let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            let fields = stat?.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 19 ? Int(fields[19]) : nil
        }

        var description: String {
            let slurm = job.isEmpty ? "" : ", Slurm job \(job)\(step.map { " step \($0)" } ?? "")"
            return "process \(pid) on \(host)\(slurm), since \(start)"
        }
    }

    /// Takes the lock, or refuses at once.
    ///
    /// - Throws: ``Failure`` (73) naming the holder.
    init(folder: String, host: String) throws {
        path = "\(folder)/lock"
        let me = Holder.current(host: host)
        let descriptor = try Self.take(path, me)
        self.descriptor = descriptor
        guard let text = try? JSONEncoder().encode(me) + Data("\n".utf8), ftruncate(descriptor, 0) == 0,
            text.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress!, $0.count, 0) }) == text.count
        else {
            let reason = String(cString: strerror(errno)).lowercased()
            close(descriptor)
            throw Failure(.cannotCreate, "cannot write \(path): \(reason)")
        }
        fsync(descriptor)
    }

    /// Removed while it is held, so that nobody else's can be.
    deinit {
        unlink(path)
        close(descriptor)
    }

    /// Throws ``Failure`` (73) if a folder is in use now; takes and changes nothing.
    static func checkIsFree(folder: String, host: String) throws {
        let path = "\(folder)/lock"
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0 { return }
        defer { close(descriptor) }
        guard isOurs(descriptor) else { throw foreign(path) }
        let holder = Self.holder(descriptor)
        if lockWhole(descriptor) {
            flock(descriptor, LOCK_UN)
        } else if [EWOULDBLOCK, EAGAIN].contains(errno) {
            throw refusal(path, holder, "wait for it, stop it, or choose another --output")
        } else if let holder, !holder.isGone(seenBy: Holder.current(host: host)) {
            throw refusal(path, holder, "if that job is gone, remove \(path)")
        }
    }

    private static func take(_ path: String, _ me: Holder) throws -> Int32 {
        while true {
            // What lies there may be a link to nothing.
            var status = stat()
            let isNew = lstat(path, &status) != 0
            let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (isNew ? O_EXCL : 0), 0o644)
            if descriptor < 0 {
                if errno == EEXIST, isNew { continue }
                throw Failure(.cannotCreate, "cannot open \(path): \(String(cString: strerror(errno)).lowercased())")
            }
            guard isOurs(descriptor) else {
                close(descriptor)
                throw foreign(path)
            }
            let holder = Self.holder(descriptor)
            if lockWhole(descriptor) {
                if let holder, holder.host != me.host, !reachesOtherHosts(descriptor), !holder.isGone(seenBy: me) {
                    close(descriptor)
                    throw refusal(path, holder, "if that job is gone, remove \(path)")
                }
                // Whoever held it may have removed it just now: then the file of that name is another.
                if isSame(descriptor, path) { return descriptor }
                close(descriptor)
                continue
            }
            if [EWOULDBLOCK, EAGAIN].contains(errno) {
                close(descriptor)
                throw refusal(path, holder, "wait for it, stop it, or choose another --output")
            }
            // No locks here: what was made just now (O_EXCL) is ours, and what somebody left who is gone can be made anew.
            if isNew { return descriptor }
            guard let holder, holder.isGone(seenBy: me) else {
                close(descriptor)
                throw refusal(path, holder, "if that job is gone, remove \(path)")
            }
            remove(path, descriptor)
            close(descriptor)
        }
    }

    /// Removes the file that is open, and no other that somebody has made in its place meanwhile.
    private static func remove(_ path: String, _ descriptor: Int32) {
        let aside = "\(path).\(getpid())"
        guard rename(path, aside) == 0 else { return }
        if !isSame(descriptor, aside) { link(aside, path) }
        unlink(aside)
    }

    /// Whether it may be written to: a regular file of ours that has no other name, which somebody may have made a link of.
    private static func isOurs(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink <= 1
            && status.st_uid == geteuid()
    }

    private static func foreign(_ path: String) -> Failure {
        Failure(.cannotCreate, "\(path) is not a file of ours with one name: remove it, or choose another --output")
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (mine, named) = (stat(), stat())
        return fstat(descriptor, &mine) == 0 && lstat(path, &named) == 0 && mine.st_ino == named.st_ino
            && mine.st_dev == named.st_dev
    }

    /// Whether a lock taken on one host is seen on all; with Lustre, BeeGFS, GPFS and FUSE that is a matter of how they are mounted.
    private static func reachesOtherHosts(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        else { return false }
        let device = status.st_dev
        let number = "\(device >> 32 & ~0xFFF | device >> 8 & 0xFFF):\(device >> 12 & ~0xFF | device & 0xFF)"
        let mount = mounts.split(separator: "\n").first { $0.split(separator: " ").dropFirst(2).first == number[...] }
        guard let type = mount?.components(separatedBy: " - ").last else { return true }
        return !["lustre", "beegfs", "gpfs", "fuse"].contains { type.hasPrefix($0) }
    }

    private static func lockWhole(_ descriptor: Int32) -> Bool {
        if TestVariable.noFileLocks.isSet {
            errno = ENOTSUP
            return false
        }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private static func holder(_ descriptor: Int32) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count <= 0 ? nil : try? JSONDecoder().decode(Holder.self, from: Data(bytes.prefix(count)))
    }

    private static func refusal(_ path: String, _ holder: Holder?, _ advice: String) -> Failure {
        Failure(.cannotCreate, "\(FilePath.folder(of: path)) is in use by \(holder?.description ?? "another job"): \(advice)")
    }
}
