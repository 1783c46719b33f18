import Datasets
import Testing

/// Sets of rows against the arrays that they stand for, of one word and of many groups of words.
struct RowSetTests {
    private static let rules: [@Sendable (Int) -> Bool] = [
        { $0 % 3 == 1 }, { $0 * $0 % 7 < 2 }, { $0 > 1000 }, { $0 == 0 }, { _ in false }, { _ in true }, { $0 % 1111 == 63 },
    ]

    @Test(arguments: [1, 63, 64, 65, 1024, 1025, 5000], rules.indices)
    func rowsInOrder(universe: Int, rule: Int) {
        let isIncluded = Self.rules[rule]
        let wanted = (0..<universe).filter(isIncluded)
        let set = RowSet(RowSet(all: universe)) { row, _ in isIncluded(row) }
        #expect(set.universe == universe && set.count == wanted.count)
        #expect((0..<universe).allSatisfy { set.contains($0) == isIncluded($0) })
        #expect(set.rows(0..<set.count) == wanted.map(Int64.init))
        for first in stride(from: 0, through: wanted.count, by: 97) {
            for end in [first, min(first + 1, wanted.count), min(first + 250, wanted.count)] {
                #expect(set.rows(first..<end) == wanted[first..<end].map(Int64.init), "\(first)..<\(end)")
            }
        }
        let same = RowSet(universe: universe, bits: set.words)
        #expect(same.count == set.count && same.rows(0..<same.count) == set.rows(0..<set.count))
    }

    /// Numbers count the rows of the set that is chosen from.
    @Test func partOfAPart() {
        let odd = RowSet(RowSet(all: 3000)) { row, number in
            #expect(row == number)
            return row % 2 == 1
        }
        let every5th = RowSet(odd) { row, number in
            #expect(row == 2 * number + 1)
            return number % 5 == 0
        }
        #expect(every5th.universe == 3000 && every5th.rows(0..<4) == [1, 11, 21, 31] && every5th.count == 300)
    }

    @Test func words() {
        #expect(RowSet(all: 64).words == [.max])
        #expect(RowSet(all: 66).words == [.max, 3])
        #expect(RowSet(RowSet(all: 66)) { row, _ in row >= 63 }.words == [1 << 63, 3])
        #expect(RowSet(all: 0).words.isEmpty && RowSet(all: 0).rows(0..<0).isEmpty)
    }
}
