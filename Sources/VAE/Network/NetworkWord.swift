/// The words that begin operations in lists of blocks, and what may stand behind each. A new operation has a line here.
enum NetworkWord {
    /// Reads what stands behind a word.
    typealias Read = @Sendable (_ words: [String]) throws(NetworkError) -> Block.Operation

    private static let words: [(name: String, read: Read)] = [
        (
            "conv",
            { words throws(NetworkError) in
                .convolution(try channels(words, as: "conv 32 k4 s2 p1"), try window(words.dropFirst()))
            }
        ),
        (
            "transposed-conv",
            { words throws(NetworkError) in
                let shape = try numbers(
                    words.first, "the channels or the shape that it makes", as: "transposed-conv 28x28x1 k4 s2 p1")
                let window = try window(words.dropFirst())
                return shape.count == 1
                    ? .transposedConvolution(shape[0], window) : .transposedConvolution(to: Shape(shape), window)
            }
        ),
        (
            "dense",
            { words throws(NetworkError) in
                try NetworkError.refuse(Array(words.dropFirst()), behind: "dense \(words.first ?? "")")
                return .dense(Shape(try numbers(words.first, "one number of outputs", as: "dense 256")))
            }
        ),
        ("max-pool", { words throws(NetworkError) in .maxPooling(try window(words)) }),
        ("average-pool", { words throws(NetworkError) in .averagePooling(try window(words)) }),
        (
            "global-pool",
            { words throws(NetworkError) in
                try NetworkError.refuse(words, behind: "global-pool")
                return .globalPooling
            }
        ),
        ("resize", { words throws(NetworkError) in .resized(to: try shape(words, as: "resize 28x28x16")) }),
        ("interpolate", { words throws(NetworkError) in .interpolated(to: try shape(words, as: "interpolate 28x28x16")) }),
        (
            "softmax",
            { words throws(NetworkError) in
                try NetworkError.refuse(words, behind: "softmax")
                return .softmax
            }
        ),
        (
            "tokens",
            { words throws(NetworkError) in
                try NetworkError.refuse(words, behind: "tokens")
                return .tokens
            }
        ),
        (
            "shape",
            { words throws(NetworkError) in
                try NetworkError.refuse(Array(words.dropFirst()), behind: "shape \(words.first ?? "")")
                return .shaped(to: Shape(try numbers(words.first, "the shape", as: "shape 7x7x64")))
            }
        ),
        (
            "positions",
            { words throws(NetworkError) in
                guard words.count == 1, let kind = PositionKind(rawValue: words[0]) else {
                    throw NetworkError("\"positions learned\" or \"positions sinusoidal\"")
                }
                return .positions(kind)
            }
        ),
        (
            "attention",
            { words throws(NetworkError) in
                guard words.count == 1, let heads = Int(words[0]), heads > 0 else {
                    throw NetworkError("the number of heads is missing, as in \"attention 4\"")
                }
                return .selfAttention(heads: heads)
            }
        ),
        (
            "dropout",
            { words throws(NetworkError) in
                guard words.count == 1, let share = Float(words[0]), share >= 0, share < 1 else {
                    throw NetworkError("a probability must follow, at least 0 and below 1, as in \"dropout 0.1\"")
                }
                return .dropout(share)
            }
        ),
    ]

    static let names = words.map(\.name)

    /// nil for what begins no operation.
    static func operation(_ word: String, _ rest: [String]) throws(NetworkError) -> Block.Operation? {
        try words.first { $0.name == word }?.read(rest)
    }

    // MARK: - Parts

    private static func numbers(_ word: String?, _ what: String, as example: String) throws(NetworkError) -> [Int] {
        guard let numbers = word.flatMap({ numbers($0, least: 1) }) else {
            throw NetworkError("\(what) is missing, as in \"\(example)\"")
        }
        return numbers
    }

    private static func channels(_ words: [String], as example: String) throws(NetworkError) -> Int {
        let numbers = try numbers(words.first, "the number of channels", as: example)
        guard numbers.count == 1 else { throw NetworkError("the number of channels is missing, as in \"\(example)\"") }
        return numbers[0]
    }

    private static func shape(_ words: [String], as example: String) throws(NetworkError) -> Shape {
        let numbers = try numbers(words.first, "the shape that it makes", as: example)
        try NetworkError.refuse(Array(words.dropFirst()), behind: words[0])
        guard numbers.count > 1 else { throw NetworkError("the shape that it makes is missing, as in \"\(example)\"") }
        return Shape(numbers)
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
        let isSmall = numbers.reduce(1.0) { $0 * Double(max($1, 1)) } < Shape.most
        return numbers.count == parts.count && isSmall && numbers.allSatisfy { (least...1 << 24).contains($0) } ? numbers : nil
    }
}
