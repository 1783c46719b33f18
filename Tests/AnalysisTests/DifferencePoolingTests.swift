import Analysis
import Testing
import VAE

/// How activations are brought together where they are too many to be whitened.
struct DifferencePoolingTests {
    private func pool(_ pooling: DifferencePooling, _ rows: [[Float]]) -> [[Float]] {
        var means = [Float](repeating: .nan, count: rows.count * pooling.output)
        rows.flatMap { $0 }.withUnsafeBufferPointer { pooling.pool($0.baseAddress!, rowCount: rows.count, into: &means) }
        return rows.indices.map { Array(means[$0 * pooling.output..<($0 + 1) * pooling.output]) }
    }

    @Test func fewStayAsTheyAre() {
        let hidden = [Shape([2, 2, 3]), Shape(5)]
        #expect(DifferencePooling(inputSize: 4, hidden: hidden, latentSize: 2, most: 23) == nil)
        #expect(DifferencePooling(inputSize: 4, hidden: hidden, latentSize: 2, most: 22) != nil)
    }

    /// A map of 2 x 2 positions and 3 channels becomes three means; the row, a dense layer and the code stay.
    @Test func channelsOfMaps() throws {
        let pooling = try #require(
            DifferencePooling(inputSize: 4, hidden: [Shape([2, 2, 3]), Shape(5)], latentSize: 2, most: 14))
        #expect(pooling.input == 23 && pooling.output == 14)
        let row = (0..<23).map { Float($0 * $0) }
        var wanted = Array(row[..<4])
        for channel in 4..<7 { wanted.append((row[channel] + row[channel + 3] + row[channel + 6] + row[channel + 9]) / 4) }
        wanted += row[16...]
        // A second row, twice the first with the other sign.
        #expect(pool(pooling, [row, row.map { -2 * $0 }]) == [wanted, wanted.map { -2 * $0 }])
    }

    /// Parts of more than m values become m runs; small ones stay whole, and m is as large as can be.
    @Test func runsOfNeighbours() throws {
        let pooling = try #require(DifferencePooling(inputSize: 10, hidden: [Shape([3, 7]), Shape(2)], latentSize: 3, most: 14))
        // 4 + 4 + 2 + 3 = 13 is the most that fits: 5 + 5 + 2 + 3 = 15.
        #expect(pooling.input == 36 && pooling.output == 13)
        let row = (0..<36).map { Float(($0 * 37) % 64) }
        func mean(_ values: ArraySlice<Double>) -> Float { Float(values.reduce(0, +) / Double(values.count)) }
        let values = row.map(Double.init)
        let channels: [Double] = (10..<17).map { (place: Int) in (values[place] + values[place + 7] + values[place + 14]) / 3 }
        var wanted = [mean(values[0..<2]), mean(values[2..<5]), mean(values[5..<7]), mean(values[7..<10])]
        wanted += [mean(channels[0..<1]), mean(channels[1..<3]), mean(channels[3..<5]), mean(channels[5..<7])]
        wanted += row[31...]
        #expect(pool(pooling, [row]) == [wanted])
    }

    /// However much there is, something is left of every part.
    @Test func atLeastOneOfEach() throws {
        let pooling = try #require(DifferencePooling(inputSize: 1000, hidden: [Shape([9, 9, 50])], latentSize: 200, most: 3))
        #expect(pooling.output == 3)
        #expect(pool(pooling, [[Float](repeating: 4, count: 1000 + 4050 + 200)]) == [[4, 4, 4]])
    }
}
