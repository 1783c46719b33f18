/// What is done to the activations of a block, by the name that users give. A new one is a layer's file and a line here.
public struct Normalization: PartName {
    typealias Make = @Sendable (_ input: Shape, _ name: String, _ plan: inout ParameterPlan) -> any Layer
    /// What makes of the words behind a name what makes the layer.
    typealias Read = @Sendable (_ words: [String]) throws(NetworkError) -> Kind

    struct Kind {
        /// Whether it usually stands before the activation.
        var isFirst = false
        /// Throws why values of a shape cannot be normalised so.
        var check: @Sendable (_ input: Shape) throws(NetworkError) -> Void = { _ in }
        let make: Make
    }

    private static let kinds: [(name: String, read: Read?)] = [
        ("none", nil),
        ("layer", LayerNormalization.read),
        ("batch", BatchNormalization.read),
        ("group", GroupNormalization.read),
        ("position", LayerNormalization.readByPosition),
        ("unit", UnitNormalization.read),
    ]

    public static let names = kinds.map(\.name)
    /// The name, and the words behind it.
    public let rawValue: String
    public init(known name: String) { rawValue = name }

    public static let none = Normalization(known: "none")

    private static let suffix = "-norm"

    /// The items of lists that are normalisations, as "layer-norm".
    static let itemNames = names.filter { $0 != none.rawValue }.map { $0 + suffix }

    /// An item of a list, as "batch-norm" or "group-norm 8"; nil for what is no normalisation.
    init?(item: [String]) throws(NetworkError) {
        guard Self.itemNames.contains(item[0]) else { return nil }
        let words = [String(item[0].dropLast(Self.suffix.count))] + item.dropFirst()
        rawValue = words.joined(separator: " ")
        _ = try Self.read(words)
    }

    /// The same as an item.
    var itemText: String {
        let words = rawValue.split(separator: " ", maxSplits: 1)
        return words[0] + Self.suffix + words.dropFirst().map { " \($0)" }.joined()
    }

    /// nil for none.
    var make: Make? { kind?.make }

    /// Whether it usually stands before the activation.
    var isUsuallyFirst: Bool { kind?.isFirst ?? false }

    /// Throws why values of a shape cannot be normalised so.
    func check(_ input: Shape) throws(NetworkError) { try kind?.check(input) }

    /// The words were read before.
    private var kind: Kind? { self == .none ? nil : try! Self.read(rawValue.split(separator: " ").map(String.init)) }

    private static func read(_ words: [String]) throws(NetworkError) -> Kind {
        try kinds.first { $0.name == words[0] }!.read!(Array(words.dropFirst()))
    }
}

extension Block.Operation {
    /// A normalisation by itself, where no operation is before it.
    public static func normalized(_ normalization: Normalization) -> Block.Operation {
        Block.Operation(
            normalization.itemText, isAside: true,
            shape: { input throws(NetworkError) in
                try normalization.check(input)
                return input
            },
            mirror: { _ in .normalized(normalization) },
            make: { input, _, _, name, plan in normalization.make!(input, name, &plan) })
    }

    /// Whether it is ``normalized(_:)``.
    var isNormalization: Bool { Normalization.itemNames.contains(String(description.prefix { $0 != " " })) }
}

extension NetworkError {
    /// Refuses words behind an item that takes none.
    static func refuse(_ words: [String], behind item: String) throws(NetworkError) {
        if let word = words.first { throw NetworkError("\"\(word)\" has no meaning behind \"\(item)\"") }
    }
}
