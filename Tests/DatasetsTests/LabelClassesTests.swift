import Datasets
import Support
import Testing

/// Labels as text: their order, how many rows have each, and what stands for which.
struct LabelClassesTests {
    /// Whole numbers by value, however many digits they have, and then text by bytes.
    @Test func order() {
        let sorted = [
            "-170141183460469231731687303715884105728", "-3", "-1", "0", "01", "1", "2", "10", "18446744073709551615", "", "-",
            "1.5",
            "A", "B", "a", "a1", "a10", "a2", "\u{E4}",
        ]
        #expect(sorted.reversed().sorted(by: LabelClasses.precedes) == sorted)
        for (place, one) in sorted.enumerated() {
            for (other, label) in sorted.enumerated() { #expect(LabelClasses.precedes(one, label) == (place < other)) }
        }
    }

    @Test func counts() {
        let classes = LabelClasses(["a", "", "b", "a", "", "a"])
        #expect(classes.counts == ["a": 3, "b": 1] && classes.rowsWithoutLabel == 2)
    }

    @Test func whatStandsForWhat() {
        let numbers = LabelClasses(["0", "1", "2", "1.5"])
        #expect(numbers.matches("1") == ["1"] && numbers.matches("1.0") == ["1"] && numbers.matches("2e0") == ["2"])
        #expect(numbers.matches("1.50") == ["1.5"] && numbers.matches("True").isEmpty && numbers.matches("3").isEmpty)
        let truths = LabelClasses(["True", "False"])
        #expect(truths.matches("1") == ["True"] && truths.matches("false") == ["False"] && truths.matches("0.0") == ["False"])
        #expect(truths.matches("2").isEmpty)
        // Digits that are text stay text.
        let codes = LabelClasses(["01", "1", "x"])
        #expect(codes.matches("01") == ["01"] && codes.matches("1") == ["1"] && codes.matches("X").isEmpty)
    }

    @Test func resolved() throws {
        let classes = LabelClasses((0..<23).map { "\($0)" } + [""])
        #expect(try classes.resolve(["3", "7.0"], "normal", of: "d.h5") == ["3", "7"])
        #expect {
            try classes.resolve(["3", "x"], "normal", of: "d.h5")
        } throws: { error in
            let wanted =
                "normal: no row of d.h5 has the label 'x', but \((0..<20).map { "\($0)" }.joined(separator: ", ")), ... (23 in all)"
            let failure = error as? Failure
            return failure?.code == .usage && failure?.message == wanted
        }
        #expect {
            try LabelClasses([""]).resolve(["x"], "normal", of: "d.h5")
        } throws: {
            ($0 as? Failure)?.message == "normal: no row of d.h5 has the label 'x', nor any other"
        }
    }
}
