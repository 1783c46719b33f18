internal import Foundation

/// The shape of a point, by which classes of one colour are told apart.
package enum Mark: CaseIterable, Sendable {
    case disc, cross, ring

    /// Some points as one path, which is short where there are thousands of them.
    ///
    /// - Parameter radius: half the width of a point.
    func path(_ places: [(x: Double, y: Double)], colour: String, radius: Double) -> String {
        let outline: String
        let width: Double
        switch self {
        case .disc: (outline, width) = ("h0", 2 * radius)
        case .cross: (outline, width) = (Self.cross(radius), 0.7 * radius)
        case .ring: (outline, width) = (Self.ring(radius), 0.6 * radius)
        }
        // A path begins left above a cross, and at the left of a ring.
        let start: (x: Double, y: Double) =
            switch self {
            case .disc: (0, 0)
            case .cross: (-radius, -radius)
            case .ring: (-radius, 0)
            }
        let points = places.map { String(format: "M%.1f %.1f", $0.x + start.x, $0.y + start.y) + outline }.joined()
        return
            "<path d=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(Self.number(width))\" stroke-linecap=\"round\"/>\n"
    }

    private static func cross(_ radius: Double) -> String {
        let side = number(2 * radius)
        return "l\(side) \(side)m0-\(side)l-\(side) \(side)"
    }

    private static func ring(_ radius: Double) -> String {
        let (r, d) = (number(radius), number(2 * radius))
        return "a\(r) \(r) 0 1 0 \(d) 0a\(r) \(r) 0 1 0-\(d) 0"
    }

    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }
}
