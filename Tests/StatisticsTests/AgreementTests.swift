import Statistics
import TestSupport
import Testing

/// How divisions and codes agree, against scikit-learn 1.2.1's metrics of the same rows.
struct AgreementTests {
    private func expect(_ agreement: Agreement, randIndex: Double, normalized: Double, information: Double, entropy: Double) {
        StatisticsTests.expect(
            [
                agreement.adjustedRandIndex, agreement.normalizedMutualInformation, agreement.mutualInformation,
                agreement.secondEntropy,
            ], [randIndex, normalized, information, entropy])
    }

    @Test func divisions() {
        let first = (0..<50).map { $0 % 4 }
        expect(
            Agreement(first, (0..<50).map { (3 * $0 * $0 + $0 / 5) % 3 }), randIndex: -0.048171129980404966,
            normalized: 0.0027489966022292574, information: 0.003401050518344828, entropy: 1.0888999753452235)
        expect(
            Agreement(first, (0..<50).map { $0 % 4 / 2 + ($0 % 9 == 0 ? 2 : 0) }), randIndex: 0.41656103873970796,
            normalized: 0.5677836495066265, information: 0.6923469670899618, entropy: 1.0532762103608393)
    }

    /// The same parts by other names; independent ones; and one part alone.
    @Test func extremes() {
        let four = (0..<48).map { $0 % 4 }
        let log4 = 1.3862943611198906
        expect(Agreement(four, four.map { 3 - $0 }), randIndex: 1, normalized: 1, information: log4, entropy: log4)
        let independent = Agreement(four, (0..<48).map { $0 / 4 % 2 })
        expect(
            independent, randIndex: independent.adjustedRandIndex, normalized: 0, information: 0, entropy: 0.6931471805599453)
        // 48 rows in 4 x 2 cells of 6: (120 - 264 * 552 / 1128) / ((264 + 552) / 2 - 264 * 552 / 1128)
        StatisticsTests.expect(
            [independent.adjustedRandIndex], [(120 - 264.0 * 552 / 1128) / (408 - 264.0 * 552 / 1128)])
        let one = [Int](repeating: 0, count: 9)
        expect(Agreement(one, one), randIndex: 1, normalized: 1, information: 0, entropy: 0)
        expect(Agreement(one, (0..<9).map { $0 % 3 }), randIndex: 0, normalized: 0, information: 0, entropy: 1.0986122886681098)
    }

    /// Three latents and four factors, of which one has more than 20 values and one never changes.
    @Test func mutualInformationGap() throws {
        let codes = (0..<120).flatMap { (row: Int) -> [Float] in
            let numbers: [Int] = [row % 7 * 8 + row % 3, row * row % 31, row / 10 * 4 - row % 5]
            return numbers.map { Float($0) }
        }
        func gap(_ factors: [(Int) -> Int]) -> Double? {
            MutualInformationGap.compute(
                codes, latents: 3, factors: (0..<120).flatMap { row in factors.map { Double($0(row)) } },
                factorCount: factors.count)
        }
        let factors: [(Int) -> Int] = [{ $0 % 7 }, { $0 / 4 }, { 3 * $0 * $0 % 10 }, { _ in 5 }]
        let wanted = [0.7388285451687937, 0.3358019773458308, 0.04185428760849678]
        for (factor, wanted) in zip(factors, wanted) { StatisticsTests.expect([try #require(gap([factor]))], [wanted]) }
        StatisticsTests.expect([try #require(gap(factors))], [wanted.reduce(0, +) / 3])
        #expect(gap([{ _ in 5 }]) == nil)
    }

    /// Votes of the ten nearest rows and `silhouette_samples`: one row is alone with its label, and distances are equal.
    @Test func neighbours() throws {
        let outputs = try [(1, "threads=1"), (3, "threads=2")].map { ranks, threads in
            let outcome = try Program.mpirun(ranks: ranks, Program.built("RankCases"), ["neighbours", threads])
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output
        }
        #expect(outputs[0] == outputs[1])
        let lines = outputs[0].split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
        try #require(lines.count == 2)
        #expect(
            lines[0].map { Int($0) } == [
                0, 0, 1, 0, 1, 0, 1, 2, 1, 1, 0, 1, 0, 0, 2, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 2, 0, 0, 1, 1, 2, 1, 0, 0, 0, 0,
                1, 0,
            ])
        StatisticsTests.expect(
            Array(lines[1].prefix(8)),
            [
                -0.3232126580725162, 0.11297932901720022, 0.21397117098295826, -0.18330961029803208, 0.2341952986088307, 0,
                0.10000673017500278, 0.341380024589345,
            ])
        StatisticsTests.expect([lines[1].reduce(0, +) / 40], [0.02873017243863065])
    }
}
