/// Blocks as users write them, one word list an item: "conv 32 k4 s2 p1", "relu", "layer-norm", "dense 256".
///
/// An operation begins a block; an activation and a normalisation behind it belong to it, in this order. Numbers with an x between them are for
/// one axis each.
public enum NetworkText {
    /// The blocks of a list; throws a sentence that names the item.
    public static func blocks(_ items: [String]) throws(NetworkError) -> [Block] {
        var blocks: [Block] = []
        for (index, item) in items.enumerated() {
            do {
                try add(item, to: &blocks)
            } catch {
                throw NetworkError("item \(index + 1), \"\(item)\": \(error)")
            }
        }
        return blocks
    }

    private static let normalizations = Normalization.names.filter { $0 != Normalization.none.rawValue }

    private static let operations = ["conv", "transposed-conv", "dense", "max-pool", "average-pool", "global-pool", "resize"]

    private static func add(_ item: String, to blocks: inout [Block]) throws(NetworkError) {
        let words = item.split(separator: " ").map(String.init)
        guard let word = words.first else { throw NetworkError("is empty") }
        if let operation = try operation(word, Array(words.dropFirst())) { return blocks.append(Block(operation)) }
        guard words.count == 1 else { throw NetworkError("\"\(words[1])\" has no meaning behind \"\(word)\"") }
        guard let last = blocks.last else {
            throw NetworkError("an operation comes first, such as \"conv 32 k4 s2 p1\" or \"dense 256\"")
        }
        if let activation = Activation(rawValue: word) {
            guard last.normalization == .none else { throw NetworkError("an activation stands before the normalisation") }
            guard last.operation.takesActivation else {
                throw NetworkError("there is no activation behind \"\(last.operation)\"")
            }
            guard last.activation == nil else {
                throw NetworkError("\"\(last.operation)\" has an activation, \(last.activation!.rawValue)")
            }
            blocks[blocks.count - 1].activation = activation
        } else {
            let normalization = Normalization(rawValue: String(word.dropLast("-norm".count)))!
            guard last.normalization == .none else { throw NetworkError("\"\(last.operation)\" has a normalisation") }
            blocks[blocks.count - 1].normalization = normalization
        }
    }

    /// nil for what is none, but an activation or a normalisation.
    private static func operation(_ word: String, _ words: [String]) throws(NetworkError) -> Block.Operation? {
        switch word {
        case "dense":
            guard words.count == 1, let sizes = numbers(words[0], least: 1) else {
                throw NetworkError("one number of outputs is missing, as in \"dense 256\"")
            }
            return .dense(Shape(sizes))
        case "conv":
            guard let first = words.first, let channels = numbers(first, least: 1), channels.count == 1 else {
                throw NetworkError("the number of channels is missing, as in \"conv 32 k4 s2 p1\"")
            }
            return .convolution(channels[0], try window(words.dropFirst()))
        case "transposed-conv":
            guard let first = words.first, let shape = numbers(first, least: 1), shape.count > 1 else {
                throw NetworkError("the shape that it makes is missing, as in \"transposed-conv 28x28x1 k4 s2 p1\"")
            }
            return .transposedConvolution(to: Shape(shape), try window(words.dropFirst()))
        case "max-pool": return .maxPooling(try window(words))
        case "average-pool": return .averagePooling(try window(words))
        case "global-pool":
            guard words.isEmpty else { throw NetworkError("\"\(words[0])\" has no meaning behind \"global-pool\"") }
            return .globalPooling
        case "resize":
            guard words.count == 1, let shape = numbers(words[0], least: 1), shape.count > 1 else {
                throw NetworkError("the shape that it makes is missing, as in \"resize 28x28x16\"")
            }
            return .resized(to: Shape(shape))
        default:
            if Activation(rawValue: word) != nil || normalizations.contains(where: { "\($0)-norm" == word }) { return nil }
            let names =
                ["conv", "transposed-conv", "dense"] + Activation.allCases.map(\.rawValue) + normalizations.map { "\($0)-norm" }
            throw NetworkError("there is no \"\(word)\"; there are \(names.joined(separator: ", "))")
        }
    }

    private static func window(_ words: some Sequence<String>) throws(NetworkError) -> ConvolutionWindow {
        var window = ConvolutionWindow(kernel: [])
        var seen: Set<Character> = []
        for word in words {
            let letter = word.first!
            guard "kspdg".contains(letter), let numbers = numbers(String(word.dropFirst()), least: letter == "p" ? 0 : 1) else {
                throw NetworkError(
                    "\"\(word)\" is none of kernel, stride, padding, dilation and groups, as in \"k4 s2 p1 d1 g1\" or \"k3x5\"")
            }
            guard seen.insert(letter).inserted else { throw NetworkError("\"\(letter)\" is there twice") }
            switch letter {
            case "k": window.kernel = numbers
            case "s": window.stride = numbers
            case "p": window.padding = numbers
            case "d": window.dilation = numbers
            default:
                guard numbers.count == 1 else { throw NetworkError("groups are one number") }
                window.groups = numbers[0]
            }
        }
        guard !window.kernel.isEmpty else { throw NetworkError("the kernel is missing, as in \"k4\"") }
        return window
    }

    /// "28x28x1", nil for all that is not such, or has a smaller or an absurd number.
    private static func numbers(_ text: String, least: Int) -> [Int]? {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil }
        return numbers.count == parts.count && numbers.allSatisfy { (least...1 << 24).contains($0) } ? numbers : nil
    }
}
