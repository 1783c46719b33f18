import Support
import Testing

/// Fields of CSV files (RFC 4180), and back.
struct CSVTextTests {
    @Test(
        arguments: [
            ("", ""), ("plain", "plain"), (" blanks ", " blanks "), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
            ("\"", "\"\"\"\""), ("two\nlines", "\"two\nlines\""), ("\r\n", "\"\r\n\""), ("\u{E4};'", "\u{E4};'"),
            // An accent makes one character with what stands before it.
            ("\"\u{301}", "\"\"\"\u{301}\""), (",\u{301}", "\",\u{301}\""),
        ])
    func fields(text: String, field: String) {
        #expect(Array(text.csvField.unicodeScalars) == Array(field.unicodeScalars))
        let line = ["1", text, "end"].csvLine
        #expect(Array(line.unicodeScalars) == Array("1,\(field),end".unicodeScalars))
        #expect(line.csvFields.map { Array($0.unicodeScalars) } == ["1", text, "end"].map { Array($0.unicodeScalars) })
    }

    @Test func lines() {
        #expect("".csvFields == [""] && ",".csvFields == ["", ""] && "a,,b".csvFields == ["a", "", "b"])
        #expect([String]().csvLine == "" && ["", ""].csvLine == ",")
    }
}
