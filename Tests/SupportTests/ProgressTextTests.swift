import Support
import Testing

struct ProgressTextTests {
    private static func text(done: Int = 25_000, total: Int = 60_000, following: Int = 7, seconds: Double = 5) -> ProgressText {
        var state = Activity.State()
        (state.title, state.unit, state.done, state.total) = ("epoch 3/10", "rows", done, total)
        (state.loss, state.following) = (254.1234, following)
        return ProgressText(state, seconds: seconds)
    }

    @Test func everythingWhereThereIsRoom() {
        // 5000 rows a second: 35,000 rows of this epoch and 420,000 of the others are left.
        let line = Self.text().line(columns: 100)
        #expect(line == "epoch 3/10  41% [##########..............] 5000 rows/s, loss 254.123, 1:31 left")
    }

    @Test func fits() {
        for columns in 0...120 {
            let line = Self.text().line(columns: columns)
            #expect(line.count <= columns)
            #expect("epoch 3/10  41%".hasPrefix(line) || line.hasPrefix("epoch 3/10  41%"))
            #expect(columns < 26 || line.hasSuffix("1:31 left"), "what is left is said as long as there is room")
        }
    }

    @Test func fullOnlyAtTheEnd() {
        #expect(Self.text(done: 59_999, following: 0).line(columns: 40).contains(" 99%"))
        #expect(Self.text(done: 60_000, following: 0).line(columns: 79).contains("100% [############"))
    }

    /// A log gets no line that says only that nothing is left.
    @Test func complete() {
        #expect(Self.text(done: 60_000).isComplete && !Self.text(done: 59_999).isComplete)
        #expect(!ProgressText(Activity.State(), seconds: 5).isComplete, "what has no known end goes on")
    }

    @Test func nothingDoneYet() {
        #expect(Self.text(done: 0).line(columns: 60) == "epoch 3/10   0% [........................] loss 254.123")
    }

    /// A run that goes on in the middle of an epoch is no faster for what an earlier one did.
    @Test func rateOfThisRun() {
        var state = Activity.State()
        (state.title, state.unit, state.first, state.done, state.total) = ("epoch 1/1", "rows", 50_000, 55_000, 60_000)
        #expect(ProgressText(state, seconds: 5).plain == "epoch 1/1: 91%, 55000/60000 rows, 1000 rows/s, 0:05 left")
    }

    @Test func withoutATotal() {
        var state = Activity.State()
        (state.context, state.title) = ("run 2/6, ", "writing the report")
        #expect(ProgressText(state, seconds: 62).line(columns: 79) == "run 2/6, writing the report 1:02")
    }

    @Test(arguments: [(0.0, "0:00"), (59.9, "0:59"), (3599, "59:59"), (3600, "1:00:00"), (172_800, "2 days")])
    func clock(seconds: Double, text: String) {
        var state = Activity.State()
        state.title = "t"
        #expect(ProgressText(state, seconds: seconds).line(columns: 20) == "t \(text)")
    }
}
