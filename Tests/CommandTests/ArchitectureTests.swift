import Foundation
import TestSupport
import Testing

/// What docs/architecture.md says of the sources is so.
struct ArchitectureTests {
    /// The modules in the order of the page: each imports only what stands below it there.
    private static let modules = [
        "mpi-vae", "Campaigns", "Analysis", "Training", "Pages", "Importing", "Datasets", "Statistics", "VAE", "Distributed",
        "HDF5",
        "Randomness", "Support",
    ]
    /// Pairs, of which the first stands above the second and must not know it all the same.
    private static let strangers = [
        ("Campaigns", "Analysis"), ("Training", "Pages"), ("Training", "Importing"), ("Pages", "Datasets"), ("Datasets", "VAE"),
        ("Importing", "VAE"), ("VAE", "Distributed"), ("VAE", "HDF5"),
        ("Statistics", "VAE"), ("Statistics", "HDF5"), ("Distributed", "HDF5"), ("Distributed", "Randomness"),
        ("HDF5", "Randomness"),
    ]
    /// Used by all.
    private static let shared: Set = ["CKernels"]

    /// All files below a folder of the repository whose names end so.
    private func files(_ folder: String, _ endings: Set<String>) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: repositoryPath(folder)).sorted()
            .filter { endings.contains(($0 as NSString).pathExtension) }
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: repositoryPath(path), encoding: .utf8) }

    /// The names behind `import` in a Swift file.
    private func imports(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 1, words.count == place + 2 else { return nil }
            return String(words[place + 1])
        }
    }

    /// A build does not notice all of it: the compiler finds modules that Package.swift does not name, if they have been built.
    @Test func importsGoDown() throws {
        var importers: [String: Set<String>] = [:]
        let places = Dictionary(uniqueKeysWithValues: Self.modules.enumerated().map { ($1, $0) })
        for file in try files("Sources", ["swift"]) {
            let module = try #require(file.split(separator: "/").first.map(String.init))
            let own = try #require(places[module], "\(module) is not in the picture")
            for name in try imports("Sources/\(file)") {
                if name.hasPrefix("C"), !Self.modules.contains(name) { importers[name, default: []].insert(module) }
                guard let other = places[name] else { continue }
                #expect(other > own, "\(file) imports \(name)")
                #expect(!Self.strangers.contains { $0 == (module, name) }, "\(file) imports \(name)")
            }
        }
        #expect(Set(importers.keys).isSuperset(of: ["CMPI", "CHDF5", "CZlib", "CKernels"]))
        for (name, modules) in importers where !Self.shared.contains(name) {
            #expect(modules.count == 1, "\(name) is imported by \(modules.sorted())")
        }
    }

    @Test func pictureHasAllModules() throws {
        let page = try text("docs/architecture.md")
        let picture = page.components(separatedBy: "```")[1]
        let named = picture.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
            .filter(Self.modules.contains)
        #expect(named == Self.modules)
    }

    @Test func filesAreShort() throws {
        for file in try files("Sources", ["swift", "c", "h"]) {
            let lines = try text("Sources/\(file)").split(separator: "\n", omittingEmptySubsequences: false).count - 1
            #expect(lines <= 350, "\(file) has \(lines) lines")
        }
    }

    /// Every file that a page names is there.
    @Test func pagesNameWhatThereIs() throws {
        let pages = try files("docs", ["md"]).map { "docs/\($0)" } + ["README.md"]
        let roots = Set(Self.modules + ["Sources", "Tests", "CKernels", "docs", "scripts", "jobs", "Benchmarks"])
        var count = 0
        for page in pages {
            for (index, code) in try text(page).split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where index % 2 == 1 {
                let path = String(code)
                guard let slash = path.firstIndex(of: "/"), roots.contains(String(path[..<slash])), !path.contains("NAME"),
                    !path.contains(where: { " *\n".contains($0) })
                else { continue }
                let isThere = ["", "Sources/"].contains { FileManager.default.fileExists(atPath: repositoryPath($0 + path)) }
                #expect(isThere, "\(page): \(path)")
                count += 1
            }
        }
        #expect(count > 50)
    }
}
