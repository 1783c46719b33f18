/// What is done to the activations of a block, by the name that users give. A new one is a layer's file and a line here.
public struct Normalization: PartName {
    typealias Make = @Sendable (_ input: Shape, _ name: String, _ plan: inout ParameterPlan) -> any Layer

    private static let makers: [(name: String, make: Make?)] = [
        ("none", nil),
        ("layer", { LayerNormalization($0, $1, &$2) }),
        ("position", { LayerNormalization($0, isByPosition: true, $1, &$2) }),
    ]

    public static let names = makers.map(\.name)
    public let rawValue: String
    public init(known name: String) { rawValue = name }

    public static let none = Normalization(known: "none")

    /// nil for none.
    var make: Make? { Self.makers.first { $0.name == rawValue }!.make }
}
