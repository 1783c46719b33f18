import Randomness
import Statistics
import Testing

/// Recall and NDCG of items that were held out, against values worked out by hand and by a sort of all items.
struct HeldOutRankingTests {
    private func ranking(_ scores: [Float], seen: [Int], held: [Int]) -> HeldOutRanking {
        var mask = [Float](repeating: 0, count: scores.count)
        for item in seen { mask[item] = 1 }
        var ranking = HeldOutRanking()
        ranking.add(scores, count: scores.count, seen: mask, held: held)
        return ranking
    }

    /// Items 0 and 1 were seen; 2 and 5 are looked for, which come second and third of those left.
    @Test func byHand() {
        let found = ranking([9, 8, 5, 6, 1, 4], seen: [0, 1], held: [2, 5])
        #expect(found.rows == 1 && found.recallAt20 == 1 && found.recallAt50 == 1)
        // (1 / log2 3 + 1 / log2 4) / (1 + 1 / log2 3)
        #expect(abs(found.gainAt100 - 0.6934264036172708) < 1e-12)
    }

    @Test func manyItems() {
        let count = 500
        let key = NoiseKey(seed: 3, epoch: 0, purpose: .heldOut)
        // Some are equal, of which the first is ranked higher.
        let scores = (0..<count).map { Float(Int(200 * key.uniform(row: 1, index: UInt32($0)))) }
        let items = (0..<count).filter { key.uniform(row: 2, index: UInt32($0)) < 0.3 }
        let held = HeldOutRanking.held(items, row: 7, share: 0.5, key: key)
        let seen = items.filter { !held.contains($0) }
        #expect(held.count == items.count / 2 && Set(held).isSubset(of: items))
        let order = (0..<count).filter { !seen.contains($0) }.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
        func recall(_ most: Int) -> Double {
            Double(order.prefix(most).count { held.contains($0) }) / Double(min(most, held.count))
        }
        let found = ranking(scores, seen: seen, held: held)
        #expect(found.recallAt20 == recall(20) && found.recallAt50 == recall(50))
        #expect(recall(20) < 1 && recall(50) > 0)
    }

    /// Of one item none can be held out; of two or three one is, whatever the share.
    @Test func fewItems() {
        let key = NoiseKey(seed: 1, epoch: 0, purpose: .heldOut)
        #expect(HeldOutRanking.held([], row: 0, share: 0.2, key: key).isEmpty)
        #expect(HeldOutRanking.held([4], row: 0, share: 0.2, key: key).isEmpty)
        #expect(HeldOutRanking.held([4, 9], row: 0, share: 0.2, key: key).count == 1)
        // Rows differ in what they hold out.
        let drawn = (0..<32).map { HeldOutRanking.held([4, 9], row: $0, share: 0.2, key: key) }
        #expect(drawn.contains([4]) && drawn.contains([9]))
        #expect(ranking([1, 2], seen: [0], held: []).rows == 0)
    }
}
