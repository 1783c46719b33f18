// Named cases that tests start under a real mpirun: `mpirun -n 3 RankCases reduction shards=8 ...`.
// Behind `--` the same case runs again with other options.
// A case checks what it can by itself and exits 70 with a line on stderr; what must be equal over runs it prints on stdout.
import Distributed
import Foundation

struct Wrong: Error, CustomStringConvertible {
    let description: String
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw Wrong(description: message()) }
}

/// `key=value` arguments of a case.
struct Options {
    private var values: [String: String] = [:]

    init(_ arguments: ArraySlice<String>) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : "yes"
        }
    }

    subscript(_ name: String) -> String? { values[name] }
    func integer(_ name: String, _ fallback: Int) -> Int { values[name].flatMap { Int($0) } ?? fallback }
}

let cases: [String: (World, Options) throws -> Void] = [
    "collectives": collectives,
    "groups": groups,
    "reduction": reduction,
    "rank-dies": rankDies,
    "together": together,
    "neighbours": neighbours,
    "whitening": whitening,
    "clusters": clusters,
    "singleton": { world, _ in print("size \(world.size)") },
    "variables": { _, _ in
        for name in ["pml", "btl", "ess_singleton_isolated", "orte_create_session_dirs"] {
            if let value = getenv("OMPI_MCA_\(name)") { print("\(name) \(String(cString: value))") }
        }
    },
]

guard CommandLine.arguments.count > 1, let body = cases[CommandLine.arguments[1]] else {
    print("cases: \(cases.keys.sorted().joined(separator: " "))")
    exit(64)
}
let options = CommandLine.arguments.dropFirst(2).split(separator: "--", omittingEmptySubsequences: false).map { Options($0) }
exit(
    withMPI { world in
        for options in options { try body(world, options) }
        return 0
    })
