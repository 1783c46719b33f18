extension String {
    /// The order in which people look for names: runs of digits by the numbers that they are, so that t9 comes before t10; all else by bytes.
    package func precedesNaturally(_ other: String) -> Bool {
        let (own, others) = (Self.pieces(self), Self.pieces(other))
        for (a, b) in zip(own, others) where a.text != b.text {
            if a.isNumber, b.isNumber {
                let (p, q) = (a.text.drop { $0 == 48 }, b.text.drop { $0 == 48 })
                if p.count != q.count { return p.count < q.count }
                if p != q { return p.lexicographicallyPrecedes(q) }
            }
            return a.text.lexicographicallyPrecedes(b.text)
        }
        return own.count < others.count
    }

    /// Runs of digits, and what is between them.
    private static func pieces(_ text: String) -> [(isNumber: Bool, text: ArraySlice<UInt8>)] {
        let bytes = Array(text.utf8)
        var pieces: [(isNumber: Bool, text: ArraySlice<UInt8>)] = []
        var first = 0
        for end in bytes.indices.dropFirst() + [bytes.count] where first < end {
            let isNumber = 48...57 ~= bytes[first]
            if end < bytes.count, (48...57 ~= bytes[end]) == isNumber { continue }
            pieces.append((isNumber, bytes[first..<end]))
            first = end
        }
        return pieces
    }
}
