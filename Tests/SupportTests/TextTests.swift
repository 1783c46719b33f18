import Support
import Testing

/// Lists, sizes, names that were mistyped, and texts out of files.
struct TextTests {
    @Test(
        arguments: [
            ("", []), (",, ,", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a b , c ", ["a b", "c"]), (#"a\,b,c"#, ["a,b", "c"]),
            (#"a\\,b"#, [#"a\"#, "b"]), (#"a\b\"#, [#"a\b\"#]), (#"\,"#, [","]),
        ] as [(String, [String])])
    func lists(text: String, parts: [String]) { #expect(listed(text) == parts) }

    @Test(
        arguments: [
            (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1234, "1.2 kB"), (99_449, "99.4 kB"), (99_500, "100 kB"),
            (999_499, "999 kB"), (999_500, "1.0 MB"), (2_560_000_000, "2.6 GB"), (7_000_000_000_000, "7.0 TB"),
            (5_000_000_000_000_000, "5000 TB"),
        ])
    func sizes(bytes: Int, text: String) { #expect(sizeText(bytes) == text) }

    @Test(
        arguments: [
            ("", ""), ("one two", "one two"), ("one two three", "one two\n  three"),
            ("one  two  three four", "one  two\n  three\n  four"),
            ("onetwothree four", "onetwothree\n  four"), ("onetwothreefour", "onetwothreefour"),
            ("   onetwothree", "   onetwothree"),
            ("one two\nthree four\n", "one two\nthree\n  four\n"), ("exactly 8 letters", "exactly\n  8\n  letters"),
        ])
    func folding(text: String, lines: String) { #expect(text.folded(columns: 8) == lines) }

    /// Numbers in names by what they are, whatever their size; the same number by its digits.
    @Test(
        arguments: [
            ["t0", "t1", "t2", "t9", "t10", "t29"], ["1", "2", "10"], ["", "a", "a1", "a1b", "a2", "b"], ["x01", "x1", "x02"],
            ["t99999999999999999999999", "t100000000000000000000000"], ["Ä", "Ä1"],
        ])
    func naturalOrder(names: [String]) {
        #expect(names.reversed().sorted { $0.precedesNaturally($1) } == names)
        for name in names { #expect(!name.precedesNaturally(name)) }
    }

    /// A letter changed, added, dropped, or two swapped; of short names one at most.
    @Test(
        arguments: [
            ("latnet", "latent"), ("Latent", "latent"), ("epoch", "epochs"), ("lr", "lr"), ("lt", nil), ("see", "seed"),
            ("sd", nil),
            ("eepoochs", "epochs"), ("global-bacth", "global-batch"), ("validation-frction-s", "validation-fraction"),
            ("xyz", nil), ("", nil),
        ] as [(String, String?)])
    func nearest(name: String, meant: String?) {
        let names = ["epochs", "global-batch", "latent", "lr", "seed", "validation-fraction"]
        #expect(nearestName(to: name, among: names) == meant)
    }

    @Test func nearestInOrder() {
        #expect(nearestNames(to: "gene2", among: ["x", "gene10", "gene1", "gene3", "GENE2"]) == ["GENE2", "gene1", "gene3"])
        #expect(nearestNames(to: "a", among: ["c", "b"], limit: 5) == ["b", "c"])
        #expect(nearestName(to: "a", among: []) == nil)
    }

    /// What controls terminals does not reach them, and long texts lose their middle.
    @Test(
        arguments: [
            ("plain \u{E4}\u{1F600}", "plain \u{E4}\u{1F600}"), ("a\nb\t\r", #"a\nb\t\r"#), ("\u{1B}[31m", #"\u{1B}[31m"#),
            ("\u{202E}x\u{2028}", #"\u{202E}x\u{2028}"#), ("\u{0}", #"\0"#),
        ])
    func printable(text: String, shown: String) { #expect(text.printable() == shown) }

    @Test func shortened() {
        let long = String(repeating: "a", count: 100) + String(repeating: "z", count: 100)
        #expect(long.printable(limit: 200) == long)
        #expect(long.printable(limit: 10) == "aaaaa ... zzzzz")
        // Bytes are counted, and halves of characters shown as such.
        #expect(String(repeating: "\u{E4}", count: 9).printable(limit: 5) == "\u{E4} ... \u{E4}")
    }
}
