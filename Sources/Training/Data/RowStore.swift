internal import CKernels
internal import VAE

/// Rows of a data set in memory, in the file's own type where that is small, for random access by position.
///
/// A batch is decoded into floats where it is used: unsigned bytes are divided by 255, so images come out in 0...1; everything
/// else keeps its value.
final class RowStore {
    /// How the rows are kept.
    enum Kept: Sendable {
        case bytes
        case floats

        var size: Int {
            switch self {
            case .bytes: 1
            case .floats: 4
            }
        }
    }

    /// The number of values in a row.
    let features: Int
    let kept: Kept
    /// The row of the data set that each kept row is; keys its noise.
    let rows: [Int64]
    /// What is done to rows when they become part of a batch.
    var preparation: Preparation
    private let memory: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - rows: the rows of the data set to keep, as they come.
    ///   - fill: writes the values of all rows, row after row.
    init(
        rows: [Int64], features: Int, kept: Kept, preparation: Preparation, fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        self.rows = rows
        self.features = features
        self.kept = kept
        self.preparation = preparation
        let count = rows.count * features * kept.size
        memory = .allocate(byteCount: max(count, 64), alignment: 64)
        kernel_use_huge_pages(memory, count)
        try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    deinit { memory.deallocate() }

    /// The bytes of one kept row.
    func bytes(at position: Int) -> UnsafeRawBufferPointer {
        let size = features * kept.size
        return UnsafeRawBufferPointer(start: memory + position * size, count: size)
    }

    /// Asks the memory for a row that is to be decoded soon.
    @inline(__always)
    func prefetch(_ position: Int) {
        kernel_prefetch(memory + position * features * kept.size, min(features * kept.size, 4096))
    }

    /// Decodes one kept row into `features` floats.
    @inline(__always)
    func decode(_ position: Int, into destination: UnsafeMutablePointer<Float>) {
        let row = memory + position * features * kept.size
        switch kept {
        case .bytes:
            kernel_decode_bytes(destination, row.assumingMemoryBound(to: UInt8.self), features)
        case .floats:
            destination.update(from: row.assumingMemoryBound(to: Float.self), count: features)
        }
    }
}

/// Where one worker decodes the rows it works on.
final class BatchBuffer {
    private let input: AlignedBuffer
    private let rows: UnsafeMutablePointer<Int64>
    private let places: UnsafeMutablePointer<Int>
    private let features: Int
    let capacity: Int

    init(capacity: Int, features: Int) {
        self.capacity = capacity
        self.features = features
        input = AlignedBuffer(count: max(capacity, 1) * features)
        rows = .allocate(capacity: max(capacity, 1))
        places = .allocate(capacity: max(capacity, 1))
    }

    deinit {
        rows.deallocate()
        places.deallocate()
    }

    /// Decodes and prepares `count` rows of a store.
    ///
    /// - Parameters:
    ///   - noise: seed and epoch of what is drawn.
    ///   - position: where in the store the row lies that comes at an index of the batch.
    func fill(from store: RowStore, count: Int, noise: NoiseKey, position: (_ index: Int) -> Int) -> Batch {
        precondition(count <= capacity)
        for index in 0..<count {
            places[index] = position(index)
            rows[index] = store.rows[places[index]]
        }
        for index in 0..<count {
            // Rows are drawn at random: the memory is asked for each while those before it are decoded.
            if index + Self.lead < count { store.prefetch(places[index + Self.lead]) }
            store.decode(places[index], into: input.pointer + index * features)
        }
        store.preparation.apply(input.pointer, rowNumbers: rows, rows: count, features: features, noise: noise)
        return Batch(input: input.pointer, rowCount: count, rows: rows)
    }

    private static let lead = 4
}
