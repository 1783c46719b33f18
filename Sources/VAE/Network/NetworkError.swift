/// Why there can be no such network, in words that can stand behind a block's text or number.
public struct NetworkError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
