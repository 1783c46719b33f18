internal import CHDF5

/// A data set cut into boxes of bounded size, in the order of their first elements.
///
/// Boxes are made of whole chunks, so that each chunk is decoded once, unless a chunk is larger than the bound.
public struct Pieces: Sendable {
    /// A box of elements.
    public struct Piece: Sendable {
        public let start: [Int]
        public let shape: [Int]
        public var count: Int { shape.reduce(1, *) }

        /// The place in the data set of an element of the piece, both in row-major order.
        public func place(of element: Int) -> [Int] {
            var rest = element
            return zip(start, shape).reversed().map { start, size in
                defer { rest /= size }
                return start + rest % size
            }.reversed()
        }
    }

    private let shape: [Int]
    /// Of all boxes but those at the end.
    private let boxShape: [Int]
    private let gridShape: [Int]

    /// - Parameter limit: the elements of a box.
    init(shape: [Int], chunk: [Int]?, limit: Int) {
        var box = chunk ?? shape.map { _ in 1 }
        var size = 1
        for axis in box.indices {
            box[axis] = max(1, min(box[axis], shape[axis]))
            size *= box[axis]
        }
        // A chunk that is too large is cut into slabs; where there is room, chunks are joined from the last dimension on.
        for axis in box.indices where size > limit {
            size /= box[axis]
            box[axis] = max(1, limit / size)
            size *= box[axis]
        }
        for axis in box.indices.reversed() {
            let needed = (shape[axis] + box[axis] - 1) / box[axis]
            let factor = max(1, min(needed, limit / size))
            box[axis] *= factor
            size *= factor
            // Boxes of several, but not all, chunks of a dimension join no more in the dimensions before it.
            if factor < needed { break }
        }
        self.shape = shape
        boxShape = box
        gridShape = zip(shape, box).map { ($0 + $1 - 1) / $1 }
    }

    public var count: Int { gridShape.reduce(1, *) }

    public subscript(index: Int) -> Piece {
        var rest = index
        var start = shape
        for axis in shape.indices.reversed() {
            start[axis] = rest % gridShape[axis] * boxShape[axis]
            rest /= gridShape[axis]
        }
        let size = shape.indices.map { min(boxShape[$0], shape[$0] - start[$0]) }
        return Piece(start: start, shape: size)
    }
}

extension Dataset {
    /// The data set in boxes of at most `limit` elements.
    public func pieces(limit: Int) -> Pieces { Pieces(shape: shape, chunk: chunkShape, limit: limit) }

    /// Reads a piece into memory, converting to `Number`.
    ///
    /// - Parameter destination: room for `piece.count` numbers.
    public func read<Number: HDF5Number>(
        _ piece: Pieces.Piece, into destination: UnsafeMutablePointer<Number>
    ) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        if piece.count == 0 { return }
        if let first = piece.start.first { try checkChunks(of: first..<first + piece.shape[0]) }
        let space = try Handle(H5Dget_space(handle.id), file: file.path, object: path, "has no shape")
        let memory: Handle
        if shape.isEmpty {
            memory = try Handle(H5Screate(H5S_SCALAR), file: file.path, object: path, "has no shape")
        } else {
            let count = piece.shape.map(hsize_t.init)
            H5Sselect_hyperslab(space.id, H5S_SELECT_SET, piece.start.map(hsize_t.init), nil, count, nil)
            memory = try Handle(
                H5Screate_simple(Int32(count.count), count, nil), file: file.path, object: path, "has no shape")
        }
        if H5Dread(handle.id, Number.nativeTypeID, memory.id, space.id, chdf5_default(), destination) < 0 {
            throw file.failure(path, "cannot be read: damaged")
        }
    }
}
