internal import Foundation

/// A value as JSON with its keys in order and in snake case; numbers that are not finite are the texts `inf`, `-inf` and `nan`. Throws what
/// the encoder does.
///
/// - Parameter pretty: whether it is for people too, else it is one line.
public func jsonText(_ value: some Encodable, pretty: Bool = false) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
