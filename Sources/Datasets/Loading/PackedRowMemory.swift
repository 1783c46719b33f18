internal import CKernels
internal import Foundation
internal import Support

/// Memory for packed rows, which differ in length: they lie one after the other in pieces that are used again once it has been emptied.
final class PackedRowMemory: @unchecked Sendable {
    private let features: Int
    private let pieceBytes: Int
    private let lock = NSLock()
    // What follows is guarded by the lock.
    private var pieces: [AlignedMemory<UInt8>] = []
    /// The piece that rows are put into, and the bytes of it that are taken.
    private var current = 0
    private var taken = 0

    /// - Parameter capacity: rows that there are at most.
    init(features: Int, capacity: Int) {
        self.features = features
        // A row takes no more than its values and 8 bytes, padded to 8.
        let longest = 4 * features + 16
        pieceBytes = max(longest, min(1 << 20, capacity * longest))
    }

    /// The bytes of the memory that is there, used or not.
    var byteCount: Int { lock.withLock { pieces.count * pieceBytes } }

    /// Lets go of all rows, so that their memory can be used again.
    func removeAll() {
        lock.withLock { (current, taken) = (0, 0) }
    }

    /// Packs a row, `[features]`, for several threads at once. Returns where it lies.
    func pack(_ values: UnsafePointer<Float>) -> UnsafeRawPointer {
        let size = kernel_packed_size(values, features)
        let place = lock.withLock {
            if current < pieces.count, taken + size > pieceBytes { (current, taken) = (current + 1, 0) }
            if current == pieces.count { pieces.append(AlignedMemory(count: pieceBytes)) }
            defer { taken += size }
            return pieces[current].pointer + taken
        }
        kernel_pack_row(place, values, features)
        return UnsafeRawPointer(place)
    }
}
