import Statistics
import Testing

/// Areas under ROC and average precision against scikit-learn 1.2.1, also where scores are equal.
struct RankingTests {
    /// Every third of 40 rows is looked for.
    private func rank(_ score: (Int) -> Int) throws -> [Double] {
        let rows = 0..<40
        let ranking = try #require(
            Ranking(
                rows.filter { $0 % 3 == 0 }.map { Float(score($0)) }.sorted(),
                against: rows.filter { $0 % 3 != 0 }.map { Float(score($0)) }.sorted()))
        return [ranking.areaUnderROC, ranking.averagePrecision]
    }

    /// 11 and 33 different scores.
    @Test func ties() throws {
        expect(try rank { 37 * $0 % 11 }, [0.40109890109890106, 0.30819300447451714])
        expect(try rank { (7 * $0 * $0 + 3 * $0) % 101 }, [0.5837912087912088, 0.46065639387701995])
    }

    @Test func extremes() throws {
        expect(try rank { $0 % 3 == 0 ? 1 : 0 }, [1, 1])
        // The 14 come behind the 26.
        expect(try rank { $0 % 3 == 0 ? 0 : 1 }, [0, 14.0 / 40])
        expect(try rank { _ in 7 }, [0.5, 14.0 / 40])
        expect(
            try rank { $0 % 3 == 0 ? -$0 : -100 - $0 }, [1, 1])
        let precisions = (1...14).map { Double($0) / Double(26 + $0) }
        let worst = precisions.reduce(0, +) / 14
        expect(try rank { $0 % 3 == 0 ? -$0 : $0 }, [0, worst])
        #expect(Ranking([], against: [1]) == nil && Ranking([1], against: []) == nil)
    }
}
