import Foundation
import Support
import TestSupport
import Testing

struct FilePathTests {
    @Test func parts() {
        let cases: [(path: String, folder: String, name: String, ending: String)] = [
            ("g", "", "g", ""), ("-", "", "-", ""), ("é", "", "é", ""), ("", "", "", ""), ("/", "/", "/", ""),
            ("/g", "/", "g", ""),
            ("a/b", "a", "b", ""), ("a//b/", "a", "b", ""), ("./x.H5", ".", "x.H5", "h5"), ("a.b/c", "a.b", "c", ""),
            (".hidden", "", ".hidden", ""), ("..", "", "..", ""), ("x.tar.gz", "", "x.tar.gz", "gz"),
            ("/a/é/x.csv", "/a/é", "x.csv", "csv"),
            // A slash and an accent are one character, but two to a file system.
            ("a/\u{301}x", "a", "\u{301}x", ""), ("name.", "", "name.", ""),
        ]
        for item in cases {
            #expect(FilePath.folder(of: item.path) == item.folder, "\(item)")
            #expect(FilePath.name(of: item.path) == item.name, "\(item)")
            #expect(FilePath.fileExtension(of: item.path) == item.ending, "\(item)")
        }
    }

    @Test func absolute() {
        let here = FileManager.default.currentDirectoryPath
        for (path, expected) in [("/a/./b/../c", "/a/c"), ("x", "\(here)/x"), ("./x/", "\(here)/x"), ("/..", "/"), ("", here)] {
            #expect(FilePath.absolute(path) == expected)
        }
    }

    @Test func home() throws {
        let home = try #require(ProcessInfo.processInfo.environment["HOME"])
        #expect(FilePath.expandingHome("~") == home && FilePath.expandingHome("~/a b") == "\(home)/a b")
        for path in ["a/~", "x~", "", "~no such user/x"] { #expect(FilePath.expandingHome(path) == path) }
        #expect(FilePath.expandingHome("~root/x").hasSuffix("/x") && !FilePath.expandingHome("~root/x").hasPrefix("~"))
    }

    @Test func shellWords() throws {
        for path in ["plain.h5", "run 1.h5", "it's", "a$b", "", "é", "~x", "a;b", "*"] {
            let outcome = try Program.run("/bin/sh", ["-c", "printf %s \(FilePath.shellWord(path))"])
            #expect(outcome.status == 0 && outcome.output == path, "\(outcome)")
        }
        #expect(FilePath.shellWord("plain.h5") == "plain.h5")
    }

    /// Links of both kinds lead to the same file; other names to others, also before they are there.
    @Test func identities() throws {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        func path(_ name: String) -> String { folder.path(name) }
        for name in ["a", "b"] { try Data(name.utf8).write(to: folder.url.appendingPathComponent(name)) }
        try manager.createSymbolicLink(atPath: path("soft"), withDestinationPath: "a")
        try manager.linkItem(atPath: path("a"), toPath: path("hard"))
        try manager.createSymbolicLink(atPath: path("here"), withDestinationPath: ".")
        for name in ["soft", "hard", "here/a", "./a", "here/here/hard"] {
            #expect(FileIdentity(path(name)) == FileIdentity(path("a")), "\(name)")
        }
        #expect(FileIdentity(path("b")) != FileIdentity(path("a")))
        #expect(FileIdentity(path("new")) == FileIdentity(path("here/new")))
        #expect(FileIdentity(path("new")) != FileIdentity(path("newer")))
        #expect(FileIdentity(path("no/new")) == FileIdentity(path("no/./new")))
    }

    @Test func lists() {
        for (text, parts) in [
            ("A,B", ["A", "B"]), (" A , B C,", ["A", "B C"]), (#"a\,b,c"#, ["a,b", "c"]), (#"a\\,b"#, [#"a\"#, "b"]),
            (#"a\b\"#, [#"a\b\"#]),
            ("", []), (",", []), ("é,-1", ["é", "-1"]),
        ] { #expect(listed(text) == parts, "\(text)") }
    }

    @Test func variablesOfTests() {
        #expect(TestVariable.allCases.allSatisfy { $0.rawValue.hasPrefix("MPI_VAE_TEST_") })
        #expect(TestVariable.flipBit.value == nil && TestVariable.slowRank.numbers == [])
    }
}
