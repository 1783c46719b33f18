/// The names that are most like `name`, the most like first: by the number of letters to change, add or drop.
public func nearestNames(to name: String, among names: [String], limit: Int = 3) -> [String] {
    let scored = names.map { ($0, editDistance(name.lowercased(), $0.lowercased())) }
    return scored.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(limit).map(\.0)
}

/// Levenshtein's distance.
private func editDistance(_ a: String, _ b: String) -> Int {
    // The beginnings are enough for names of any length that a file may have.
    let (a, b) = (Array(a.prefix(100)), Array(b.prefix(100)))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
