internal import Support

/// Bytes that are read from their start to their end.
protocol ByteStream: AnyObject {
    /// The name, for messages.
    var path: String { get }
    /// How many bytes were read.
    var offset: Int { get }
    /// A bound of how many there can be, known before they are read: a few bytes of a file can claim any number.
    var mostBytes: Int { get }

    /// Up to `count` bytes; fewer only at the end. Throws ``Failure`` (65) for damage.
    func read(upTo count: Int) throws -> [UInt8]
}

extension ByteStream {
    /// Exactly `count` bytes. Throws ``Failure`` (65) if there are fewer.
    func read(exactly count: Int, _ what: String) throws -> [UInt8] {
        let bytes = try read(upTo: count)
        guard bytes.count == count else {
            throw Failure(.badData, "\(path): ends after \(offset) bytes, in the middle of \(what)")
        }
        return bytes
    }

    /// Throws ``Failure`` (65) if there cannot be as many bytes as an array of this shape takes.
    func check(claimed shape: [Int], elementSize: Int) throws {
        let claimed = shape.reduce(Double(elementSize)) { $0 * Double($1) }
        let most = mostBytes - offset
        guard claimed <= Double(most) else {
            throw Failure(
                .badData,
                "\(path): claims the shape \(shape), \(Int(min(claimed, 1e18))) bytes, but cannot hold more than \(most)")
        }
    }
}

/// What deflate shrinks by at most (zlib's own figure is 1032).
let mostDeflation = 1040
