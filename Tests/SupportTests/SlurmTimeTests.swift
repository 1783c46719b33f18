import Support
import Testing

/// Times as sbatch(1) has them, option --time.
struct SlurmTimeTests {
    @Test func forms() {
        let times = [
            ("30", 1800), ("0", 0), ("30:15", 1815), ("04:00:00", 14400), ("00:01:30", 90), ("1-0", 86400), ("1-12", 129_600),
            ("1-12:30", 131_400), ("2-12:00:01", 216_001), ("000010", 600),
        ]
        for (text, seconds) in times { #expect(slurmSeconds(text) == seconds, "\(text)") }
    }

    @Test func refused() {
        for text in [
            "", "-", "1-", "-1", "1:2:3:4", "1-1:2:3:4", "a", "1h", "1::2", ":", "1.5", " 1", "+1", "1234567", "1-2-3", "١",
        ] {
            #expect(slurmSeconds(text) == nil, "\(text)")
        }
    }
}
