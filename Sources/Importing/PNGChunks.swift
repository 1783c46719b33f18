/// The chunks of a PNG file (PNG specification, section 5): a length, a type of four letters, that many bytes, a checksum.
enum PNGChunks {
    /// What says nothing of the pixels and may be there any number of times: libpng would unpack megabytes of each few bytes.
    private static let words = Set(["tEXt", "zTXt", "iTXt", "sPLT", "eXIf"].map { Array($0.utf8) })
    private static let signature = 8
    /// Of length, type and checksum.
    private static let frame = 12

    /// The file without words about the image, up to a chunk that claims more bytes than there are, for which libpng would take memory; nil for
    /// the whole file.
    static func withoutWords(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var kept: [UInt8] = []
        var (start, place) = (0, signature)
        while place + frame <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - place - frame else { return kept + bytes[start..<place] }
            let next = place + frame + length
            if words.contains(Array(bytes[place + 4..<place + 8])) {
                kept += bytes[start..<place]
                start = next
            }
            place = next
        }
        return start == 0 ? nil : kept + bytes[start...]
    }
}
