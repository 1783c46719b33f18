import Foundation
import Randomness
import Testing

struct RandomTests {
    /// The known answers that come with Random123 (kat_vectors, philox4x32 10).
    @Test func philoxKnownAnswers() {
        #expect(
            Philox.block(counter: [0, 0, 0, 0], key: 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        #expect(
            Philox.block(counter: [.max, .max, .max, .max], key: .max)
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
        #expect(
            Philox.block(
                counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: 0x299f_31d0_a409_3822)
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    @Test func normalNumbersAreNormal() {
        let (rows, size) = (20_000, 7)
        var values = [Float](repeating: 0, count: rows * size)
        let key = NoiseKey(seed: 1, epoch: 2, purpose: .training)
        key.fillNormal(&values, rows: (0..<rows).map(Int64.init), rowCount: rows, size: size)
        let count = Double(values.count)
        func moment(_ power: Double) -> Double { values.reduce(0) { $0 + pow(Double($1), power) } / count }
        #expect(abs(moment(1)) < 4 / count.squareRoot())
        #expect(abs(moment(2) - 1) < 4 * (2 / count).squareRoot())
        #expect(abs(moment(3)) < 4 * (15 / count).squareRoot())
        #expect(abs(moment(4) - 3) < 4 * (96 / count).squareRoot())
        // Kolmogorov & Smirnov at the 0.1% level.
        let distance = values.sorted().enumerated().map { index, value in
            abs(0.5 * erfc(-Double(value) / 2.0.squareRoot()) - (Double(index) + 0.5) / count)
        }.max()!
        #expect(distance < 1.95 / count.squareRoot())
        // Neighbours in a row and in a column have nothing to do with each other.
        for lag in [1, 2, 4, size] {
            let products = zip(values, values.dropFirst(lag)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(products / count) < 4 / count.squareRoot(), "lag \(lag)")
        }
    }

    /// A number belongs to its row, whatever batch the row is in.
    @Test func noiseBelongsToTheRow() {
        let key = NoiseKey(seed: 1, epoch: 2, purpose: .training)
        var many = [Float](repeating: 0, count: 100 * 5)
        key.fillNormal(&many, rows: (0..<100).map { Int64($0) * 1 << 33 }, rowCount: 100, size: 5)
        var one = [Float](repeating: 0, count: 5)
        for row in [0, 1, 63, 99] {
            key.fillNormal(&one, rows: [Int64(row) * 1 << 33], rowCount: 1, size: 5)
            #expect(one == Array(many[row * 5..<row * 5 + 5]))
        }
        for other in [
            NoiseKey(seed: 2, epoch: 2, purpose: .training), NoiseKey(seed: 1, epoch: 3, purpose: .training),
            NoiseKey(seed: 1 << 40 | 1, epoch: 2, purpose: .training), NoiseKey(seed: 1, epoch: 2, purpose: .validation),
        ] {
            other.fillNormal(&one, rows: [0], rowCount: 1, size: 5)
            #expect(one != Array(many[0..<5]))
        }
    }

    @Test(arguments: [0, 1, 2, 3, 7, 16, 17, 1000, 65_537])
    func permutationsAreBijections(count: Int) {
        let key = NoiseKey(seed: 9, epoch: 0, purpose: .shuffle)
        let order = Permutation(count: count, key: key, domain: 0)
        #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count))
        if count >= 16 {
            let others = [
                Permutation(count: count, key: key, domain: 1),
                Permutation(count: count, key: NoiseKey(seed: 9, epoch: 1, purpose: .shuffle), domain: 0),
                Permutation(count: count, key: NoiseKey(seed: 10, epoch: 0, purpose: .shuffle), domain: 0),
            ]
            for other in others { #expect((0..<count).map { other[$0] } != (0..<count).map { order[$0] }) }
        }
    }

    /// Over many keys every element comes to every place equally often, and so do pairs of neighbours.
    @Test func permutationsAreUniform() {
        let (count, keys) = (12, 12_000)
        var places = [Int](repeating: 0, count: count * count)
        var pairs = [Int](repeating: 0, count: count * count)
        for key in 0..<keys {
            let order = Permutation(
                count: count, key: NoiseKey(seed: UInt64(key), epoch: 0, purpose: .shuffle), domain: 3)
            for index in 0..<count { places[index * count + order[index]] += 1 }
            pairs[order[0] * count + order[1]] += 1
        }
        // Chi-square with (n - 1)^2 and n (n - 1) - 1 degrees of freedom, 5 standard deviations wide.
        let expected = Double(keys) / Double(count)
        let chi = places.reduce(0.0) { $0 + pow(Double($1) - expected, 2) / expected }
        let degrees = Double((count - 1) * (count - 1))
        #expect(abs(chi - degrees) < 5 * (2 * degrees).squareRoot(), "\(chi)")
        let pairExpected = Double(keys) / Double(count * (count - 1))
        let pairChi = (0..<count * count).filter { $0 / count != $0 % count }
            .reduce(0.0) { $0 + pow(Double(pairs[$1]) - pairExpected, 2) / pairExpected }
        let pairDegrees = Double(count * (count - 1) - 1)
        #expect(abs(pairChi - pairDegrees) < 5 * (2 * pairDegrees).squareRoot(), "\(pairChi)")
    }
}
