internal import Support
package import VAE

/// What the axes of a row are (`--layout`), for networks that take it as a map: `c` channels, `f` features (channels of a series), `t` times,
/// `d`, `h`, `w` places.
public enum RowLayout: String, Sendable, CaseIterable {
    case auto, t, tf, ft, hw, hwc, chw, dhw, dhwc, cdhw

    /// The most numbers that are taken for channels where nobody says what they are.
    private static let mostChannels = 4

    /// What `auto` means for rows of a shape; all others themselves. Throws a sentence for rows that are no map.
    ///
    /// - Parameter axes: along which the network goes, where it says so.
    func resolved(_ rowShape: [Int], along axes: Int?) throws(NetworkError) -> RowLayout {
        if self != .auto { return self }
        let (first, last) = (rowShape.first ?? 0, rowShape.last ?? 0)
        let isPlanar = last > Self.mostChannels && first <= Self.mostChannels
        switch (axes, rowShape.count) {
        case (1, 1): return .t
        case (1, 2): return .tf
        case (2, 3): return isPlanar ? .chw : .hwc
        case (3, 3): return .dhw
        case (3, 4): return isPlanar ? .cdhw : .dhwc
        default: break
        }
        switch rowShape.count {
        case 2: return .hw
        case 3: return last <= Self.mostChannels ? .hwc : isPlanar ? .chw : .dhw
        case 4 where last <= Self.mostChannels: return .dhwc
        case 4 where isPlanar: return .cdhw
        case 4: throw NetworkError("which of their axes are channels is not plain: give --layout dhwc or cdhw")
        case 0, 1:
            throw NetworkError(
                "a map has two axes or more, as images [height, width]; for a series of one number a time give --layout t")
        default: throw NetworkError("a map has three axes at most, and channels")
        }
    }

    /// Where the channels are.
    fileprivate enum Channels {
        case none, first, last
    }

    fileprivate var channels: Channels {
        switch self {
        case .auto, .t, .hw, .dhw: .none
        case .ft, .chw, .cdhw: .first
        case .tf, .hwc, .dhwc: .last
        }
    }
}

/// A row as a map: as networks take it, and how its values lie.
package struct RowMap {
    /// The axes as they are taken; never ``RowLayout/auto``.
    package let layout: RowLayout
    /// Channels last.
    package let shape: Shape
    /// Whether all of a channel comes before the next one in the data.
    package let isPlanar: Bool

    /// Throws a sentence for rows that are no map, or not of the layout.
    ///
    /// - Parameter axes: along which the network goes; nil for those that rows have.
    package init(_ layout: RowLayout, _ rowShape: [Int], along axes: Int? = nil) throws(NetworkError) {
        let layout = try layout.resolved(rowShape, along: axes)
        guard rowShape.count == layout.rawValue.count else {
            throw NetworkError(
                "layout \(layout.rawValue) is of rows of \(layout.rawValue.count == 1 ? "one axis" : "\(layout.rawValue.count) axes")"
            )
        }
        self.layout = layout
        switch layout.channels {
        case .none: (shape, isPlanar) = (Shape(rowShape + [1]), false)
        case .last: (shape, isPlanar) = (Shape(rowShape), false)
        case .first: (shape, isPlanar) = (Shape(Array(rowShape.dropFirst()) + rowShape.prefix(1)), true)
        }
        let places = shape.sizes.count - 1
        guard axes == nil || axes == places else {
            throw NetworkError(
                "the network goes along \(axes == 1 ? "one axis" : "\(axes!) axes"), but layout \(layout.rawValue) has \(places) besides channels"
            )
        }
    }

    /// As the log says it: "28x28 with 3 channels".
    package var text: String {
        let (places, channels) = (shape.sizes.dropLast().map(String.init).joined(separator: "x"), shape.sizes.last!)
        return "\(places) with \(channels) channel\(channels == 1 ? "" : "s")"
    }
}
