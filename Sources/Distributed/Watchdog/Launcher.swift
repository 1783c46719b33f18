internal import Foundation

/// The process that started this rank: mpirun, the daemon of its node, or Slurm's; and the shells of job scripts between the two.
struct Launcher {
    /// The parent of this process, the parent of that, and so on, up to the launcher.
    private let ancestors: [pid_t]

    private static let names: Set = [
        "mpirun", "mpiexec", "orterun", "orted", "prterun", "prted", "prte", "srun", "slurmstepd", "hydra_pmi_proxy",
    ]

    /// nil for a program that was started alone, perhaps by a shell that ends before it.
    init?() {
        guard launcherRank != nil else { return nil }
        var ancestors = [getppid()]
        while let (name, parent) = Self.process(ancestors.last!), !Self.names.contains(name), parent > 1 {
            ancestors.append(parent)
        }
        // Of a launcher by another name only the last process before this one is known.
        let isKnown = Self.process(ancestors.last!).map { Self.names.contains($0.name) } ?? false
        self.ancestors = isKnown ? ancestors : [ancestors[0]]
    }

    /// Whether it has ended: the children of a process that ends get another parent.
    var isGone: Bool {
        getppid() != ancestors[0]
            || zip(ancestors, ancestors.dropFirst()).contains { Self.process($0)?.parent != $1 }
    }

    /// What proc(5) tells of a process; nil if it is gone.
    private static func process(_ id: pid_t) -> (name: String, parent: pid_t)? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            // The name may itself hold brackets.
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 1, let parent = pid_t(fields[1]) else { return nil }
        return (String(text[text.index(after: open)..<close]), parent)
    }
}
