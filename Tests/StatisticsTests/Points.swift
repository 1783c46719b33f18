import Testing

/// Numbers by a rule that other programs can follow: `[count, size]`, `(31 r r + 57 r c + 19 c) mod 127` in row r and column c.
func points(_ count: Int, _ size: Int) -> [Double] {
    (0..<count * size).map { index in
        let (row, column) = (index / size, index % size)
        return Double((31 * row * row + 57 * row * column + 19 * column) % 127)
    }
}

/// Expects values within a part of themselves, or of 1 where that is more.
func expect(
    _ values: [Double], _ wanted: [Double], within tolerance: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == wanted.count, sourceLocation: sourceLocation)
    for (place, (value, wanted)) in zip(values, wanted).enumerated() {
        #expect(
            abs(value - wanted) <= tolerance * max(1, abs(wanted)), "\(place): \(value), not \(wanted)",
            sourceLocation: sourceLocation)
    }
}
