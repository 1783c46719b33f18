/// The name of one of several parts that a model can be made of, as users give it.
public protocol PartName: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// All that there are.
    static var names: [String] { get }

    /// - Precondition: it is one of ``names``.
    init(known name: String)
}

extension PartName {
    public init?(rawValue: String) {
        guard Self.names.contains(rawValue) else { return nil }
        self.init(known: rawValue)
    }

    public static var allCases: [Self] { names.map { Self(known: $0) } }
}
