/// Blocks as users write them, one word list an item: "conv 32 k4 s2 p1", "batch-norm", "relu", "residual (conv 32 k3 p1, relu)", "dense 256".
///
/// An operation begins a block; an activation and a normalisation behind it belong to it, in the order in which they stand. Numbers with an x
/// between them are for one axis each. A normalisation behind one that stands alone begins a block, too.
public enum NetworkText {
    /// The blocks of a list; throws a sentence that names the item.
    public static func blocks(_ items: [String]) throws(NetworkError) -> [Block] {
        var blocks: [Block] = []
        for (index, item) in items.enumerated() { try add(item, number: index + 1, to: &blocks) }
        return blocks
    }

    /// The same of a list as one text, with commas between the items but within parentheses.
    public static func blocks(_ text: String) throws(NetworkError) -> [Block] { try blocks(items(text)) }

    /// Parts between commas that stand in no parentheses.
    private static func items(_ text: String) throws(NetworkError) -> [String] {
        var (items, depth) = ([""], 0)
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            guard depth >= 0 else { throw NetworkError("\")\" has no \"(\" before it") }
            if character == ",", depth == 0 { items.append("") } else { items[items.count - 1].append(character) }
        }
        guard depth == 0 else { throw NetworkError("\"(\" has no \")\" behind it") }
        return text.allSatisfy(\.isWhitespace) ? [] : items
    }

    private static func add(_ item: String, number: Int, to blocks: inout [Block]) throws(NetworkError) {
        do {
            try add(item, to: &blocks)
        } catch {
            throw NetworkError("item \(number), \"\(item.trimmingSpaces)\": \(error)")
        }
    }

    private static func add(_ item: String, to blocks: inout [Block]) throws(NetworkError) {
        let words = item.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let word = words.first else { throw NetworkError("is empty") }
        if let inner = inner(of: item.trimmingSpaces) { return blocks.append(Block(.residual(try self.blocks(inner)))) }
        let rest = Array(words.dropFirst())
        if let operation = try NetworkWord.operation(word, rest) { return blocks.append(Block(operation)) }
        if let activation = Activation(rawValue: word) {
            try NetworkError.refuse(rest, behind: word)
            guard let ending = blocks.last?.ending, ending.activation == nil else {
                return blocks.append(Block(.activated(activation)))
            }
            blocks[blocks.count - 1].ending.activation = activation
            blocks[blocks.count - 1].ending.normalizesFirst = ending.normalization != .none
        } else if let normalization = try Normalization(item: words) {
            guard let last = blocks.last, last.ending.normalization == .none, !last.operation.isNormalization else {
                return blocks.append(Block(.normalized(normalization)))
            }
            blocks[blocks.count - 1].ending.normalization = normalization
        } else {
            let names =
                NetworkWord.names + ["residual (...)"] + Activation.allCases.map(\.rawValue) + Normalization.itemNames
            throw NetworkError("there is no \"\(word)\"; there are \(names.joined(separator: ", "))")
        }
    }

    /// What stands in the parentheses of "residual (...)"; nil for all else.
    private static func inner(of item: String) -> String? {
        guard item.hasPrefix("residual"), item.hasSuffix(")") else { return nil }
        let rest = item.dropFirst("residual".count).drop(while: \.isWhitespace)
        return rest.first == "(" ? String(rest.dropFirst().dropLast()) : nil
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        let head = drop(while: \.isWhitespace)
        return head.lastIndex { !$0.isWhitespace }.map { String(head[...$0]) } ?? ""
    }
}
