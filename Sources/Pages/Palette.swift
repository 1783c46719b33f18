internal import Foundation

/// The colours of charts, which people who see few colours tell apart too, on white paper and on dark pages.
package enum Palette {
    /// Those of series and classes (Tol 2021, "Colour schemes", muted), each with what takes its place on a dark page.
    private static let pairs = [
        ("#332288", "#9388ee"), ("#cc6677", "#dd7a8a"), ("#117733", "#3fae62"), ("#ddaa33", "#ddaa33"), ("#88ccee", "#88ccee"),
        ("#882255", "#cf5f9f"), ("#44aa99", "#44aa99"), ("#999933", "#adad47"), ("#aa4499", "#cb6fbc"), ("#6699cc", "#6699cc"),
    ]

    package static let colours = pairs.map(\.0)
    /// What belongs to no series.
    package static let other = "#bbbbbb"
    /// What others are compared with.
    package static let reference = "#888888"
    /// From far below the middle to far above it.
    package static let diverging = ["#2166ac", "#6aaed6", "#999999", "#f4a582", "#c2343f"]

    /// The steps of a continuous scale.
    static let scaleSteps = 24
    private static let scaleStops: [SIMD3<Double>] = [
        [68, 84, 195], [38, 130, 180], [40, 160, 130], [130, 175, 60], [240, 180, 40],
    ]

    /// Steps of a scale from low to high, lighter and lighter, none too light for white paper nor too dark for a dark page.
    package static let scale: [String] = (0..<scaleSteps).map { step in
        let place = Double(step) / Double(scaleSteps - 1) * Double(scaleStops.count - 1)
        let first = min(Int(place), scaleStops.count - 2)
        let colour = scaleStops[first] + (place - Double(first)) * (scaleStops[first + 1] - scaleStops[first])
        return String(format: "#%02x%02x%02x", Int(colour.x.rounded()), Int(colour.y.rounded()), Int(colour.z.rounded()))
    }

    /// Style that puts the colours for dark pages in the places of the others.
    static let darkStyle = pairs.filter { $0.0 != $0.1 }.map { light, dark in
        "[fill=\"\(light)\"]{fill:\(dark)}[stroke=\"\(light)\"]{stroke:\(dark)}"
    }.joined(separator: "\n")
}
