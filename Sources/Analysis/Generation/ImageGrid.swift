internal import Datasets
internal import HDF5
internal import Importing
internal import Support

/// Rows that are images: gray or with three colours, which come first or last.
struct ImageShape: Equatable {
    let height: Int
    let width: Int
    let channels: Int
    /// Whether all of a colour comes before the next colour, `[3, height, width]`.
    let isPlanar: Bool

    /// `[h, w]`, `[h, w, 3]`, `[h, w, 1]`, `[3, h, w]` or `[1, h, w]`; nil for other rows.
    init?(_ shape: [Int]) {
        switch (shape.count, shape.first, shape.last) {
        case (2, _, _): (height, width, channels, isPlanar) = (shape[0], shape[1], 1, false)
        case (3, _, 1), (3, _, 3): (height, width, channels, isPlanar) = (shape[0], shape[1], shape[2], false)
        case (3, 1, _), (3, 3, _): (height, width, channels, isPlanar) = (shape[1], shape[2], shape[0], true)
        default: return nil
        }
        // A table of a million columns is no image.
        guard height <= 1 << 13, width <= 1 << 13 else { return nil }
    }

    /// The shape of a model's or a data set's rows. Throws ``Failure`` (64) where they are no images.
    static func required(_ shape: [Int]) throws -> ImageShape {
        guard let image = ImageShape(shape) else {
            throw Failure(
                .usage, "--grid is for images, but the rows have the shape \(shape): it must be [h, w], [h, w, 3] or [3, h, w]")
        }
        return image
    }

    var size: Int { height * width * channels }

    /// The place of a value among those of a row.
    func place(_ y: Int, _ x: Int, _ channel: Int) -> Int {
        isPlanar ? (channel * height + y) * width + x : (y * width + x) * channels + channel
    }
}

/// Images side by side, in rows of groups, to look at.
struct ImageGrid {
    let shape: ImageShape
    /// Images that belong together, such as an original and its reconstruction; and groups in a row.
    let group: Int
    let columns: Int
    /// The most images that are shown.
    let capacity: Int
    private var values: [Double] = []
    /// The least and the greatest value of the model's images.
    private var low = Double.infinity
    private var high = -Double.infinity

    private static let gap = 2
    private static let background: UInt8 = 96
    private static let mostPixels = 1 << 22
    /// Smaller images are magnified.
    private static let usualSide = 28

    /// - Parameter most: images, at most so many; fewer where they are large.
    init(_ shape: ImageShape, group: Int = 1, columns: Int, most: Int) {
        self.shape = shape
        self.group = group
        self.columns = columns
        let fitting = Self.mostPixels / (shape.height * shape.width) / group * group
        capacity = min(most, max(fitting, group * min(columns, 4)))
    }

    var count: Int { values.count / shape.size }
    var isFull: Bool { count >= capacity }

    /// Adds an image. - Parameter sets: whether its values say what is black and what white, as those of a model do.
    mutating func add(_ image: UnsafePointer<Double>, setsRange sets: Bool = true) {
        values += UnsafeBufferPointer(start: image, count: shape.size)
        guard sets else { return }
        for i in 0..<shape.size where image[i].isFinite {
            low = min(low, image[i])
            high = max(high, image[i])
        }
    }

    /// From 0 to 1 where the model's values are about there, else from the least to the greatest one.
    private var range: ClosedRange<Double> {
        low > high || (low >= -0.25 && high <= 1.25) ? 0...1 : low...max(high, low.nextUp)
    }

    /// What grids are written as, by the name of the file.
    static let formats: [FileFormat] = [.png, .jpeg]

    /// Writes a file, which appears when it is complete. Throws ``Failure`` (64, 73, 74).
    func write(to path: String) throws {
        let isJPEG = try FileFormat.of(path, flag: "--grid", among: Self.formats) == .jpeg
        let bytes = isJPEG ? try bitmap().jpeg() : try bitmap().png()
        do {
            try AtomicFile.write(bytes, to: path)
        } catch {
            throw Failure(error)
        }
    }

    /// The lines of the grid, each by itself.
    func lines() -> [Bitmap] {
        let whole = bitmap()
        let height = shape.height * zoom
        return stride(from: Self.gap, to: whole.height, by: height + Self.gap).map { top in
            let bytes = whole.width * whole.channels
            return Bitmap(
                height: height, width: whole.width, channels: whole.channels,
                pixels: Array(whole.pixels[top * bytes..<(top + height) * bytes]))
        }
    }

    /// How many times an image is magnified.
    private var zoom: Int { max(1, Self.usualSide / max(shape.height, shape.width)) }

    func bitmap() -> Bitmap {
        let (range, channels) = (range, shape.channels)
        let zoom = zoom
        let groups = (count + group - 1) / group
        let (across, down) = (min(columns, max(groups, 1)), max(1, (groups + columns - 1) / columns))
        let (tileHeight, tileWidth) = (shape.height * zoom, shape.width * zoom)
        // Within a group images touch.
        let height = Self.gap + down * (tileHeight + Self.gap)
        let width = Self.gap + across * (group * tileWidth + Self.gap)
        var pixels = [UInt8](repeating: Self.background, count: height * width * channels)
        for index in 0..<count {
            let (row, column) = (index / group / columns, index / group % columns)
            let top = Self.gap + row * (tileHeight + Self.gap)
            let left = Self.gap + column * (group * tileWidth + Self.gap) + index % group * tileWidth
            for y in 0..<tileHeight {
                for x in 0..<tileWidth {
                    for channel in 0..<channels {
                        let value = values[index * shape.size + shape.place(y / zoom, x / zoom, channel)]
                        let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
                        pixels[((top + y) * width + left + x) * channels + channel] =
                            share.isFinite ? UInt8(max(0, min(255, (share * 255).rounded()))) : 0
                    }
                }
            }
        }
        return Bitmap(height: height, width: width, channels: channels, pixels: pixels)
    }
}
