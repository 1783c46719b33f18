/// The names that are most like `name`, the most like first: by the number of letters to change, add, drop or swap.
public func nearestNames(to name: String, among names: [String], limit: Int = 3) -> [String] {
    let scored = names.map { ($0, editDistance(name.lowercased(), $0.lowercased())) }
    return scored.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(limit).map(\.0)
}

/// The name that somebody meant who mistyped it; nil if none is so much like it.
///
/// Of short names a letter may be wrong, of those of 5 letters and more two, of those of 9 and more three.
public func nearestName(to name: String, among names: [String]) -> String? {
    guard let nearest = nearestNames(to: name, among: names, limit: 1).first else { return nil }
    let length = min(name.count, nearest.count)
    let most = length < 3 ? 0 : length < 5 ? 1 : length < 9 ? 2 : 3
    return editDistance(name.lowercased(), nearest.lowercased()) <= most ? nearest : nil
}

/// The distance of Damerau and Levenshtein, of letters that are swapped only where they stand side by side.
private func editDistance(_ a: String, _ b: String) -> Int {
    // The beginnings are enough for names of any length that a file may have.
    let (a, b) = (Array(a.prefix(100)), Array(b.prefix(100)))
    var (before, row) = ([Int](), Array(0...b.count))
    for (i, x) in a.enumerated() {
        var next = [i + 1]
        for (j, y) in b.enumerated() {
            var distance = min(row[j + 1] + 1, next[j] + 1, row[j] + (x == y ? 0 : 1))
            if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { distance = min(distance, before[j - 1] + 1) }
            next.append(distance)
        }
        (before, row) = (row, next)
    }
    return row[b.count]
}
