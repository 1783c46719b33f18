internal import Foundation
internal import HDF5
internal import Support

/// The built-in data set: binary images of shapes, each with five known factors, after dSprites (Matthey et al. 2017).
///
/// 32 x 32 pixels of 0 and 255; 3 shapes x 4 scales x 16 rotations x 8 x 8 positions = 12,288 images.
public enum GeneratedShapes {
    static let side = 32
    package static let shapes = ["square", "ellipse", "heart"]
    private static let scales = 4
    private static let rotations = 16
    private static let positions = 8

    /// Writes them to a file. Throws ``Failure``.
    public static func write(to path: String) throws {
        let bytes = try image(path)
        do throws(FileError) { try AtomicFile.write(bytes, to: path) } catch { throw Failure(error) }
    }

    /// The bytes of a file with `/data` [N, 32, 32] uint8, `/label` (the shape), `/id`, and `/factors` [N, 5]: shape, scale, rotation in radians, x
    /// and y in 0...1. Throws ``Failure``.
    ///
    /// - Parameter name: for messages.
    package static func image(_ name: String) throws -> [UInt8] {
        var pixels: [UInt8] = []
        var labels: [Int64] = []
        var factors: [Float] = []
        for shape in shapes.indices {
            for scale in 0..<scales {
                for rotation in 0..<rotations {
                    for x in 0..<positions {
                        for y in 0..<positions {
                            let size = 0.5 + 0.5 * Double(scale) / Double(scales - 1)
                            let angle = 2 * Double.pi * Double(rotation) / Double(rotations)
                            let place = (Double(x) / Double(positions - 1), Double(y) / Double(positions - 1))
                            draw(shape, size: size, angle: angle, at: place, into: &pixels)
                            labels.append(Int64(shape))
                            factors += [Float(shape), Float(size), Float(angle), Float(place.0), Float(place.1)]
                        }
                    }
                }
            }
        }
        let count = labels.count
        do {
            let file = try File.inMemory(name)
            try file.write(pixels, shape: [count, side, side], to: "/data", compressed: true)
            try file.write(labels, shape: [count], to: "/label", compressed: true)
            try file.write(Array(0..<Int64(count)), shape: [count], to: "/id", compressed: true)
            try file.write(factors, shape: [count, 5], to: "/factors", compressed: true)
            try file.setAttribute("names", .strings(shapes), of: "/label")
            try file.setAttribute("names", .strings(["shape", "scale", "rotation", "x", "y"]), of: "/factors")
            return try file.closeInMemory()
        } catch {
            throw Failure(writing: error)
        }
    }

    /// Adds one image. Positions keep the largest shape inside.
    private static func draw(
        _ shape: Int, size: Double, angle: Double, at place: (Double, Double), into pixels: inout [UInt8]
    ) {
        let radius = 7.5 * size
        let (centerX, centerY) = (8.5 + 15 * place.0, 8.5 + 15 * place.1)
        let (cosine, sine) = (Elementary.cos(angle), Elementary.sin(angle))
        for row in 0..<side {
            for column in 0..<side {
                let dx = (Double(column) + 0.5 - centerX) / radius
                let dy = (Double(row) + 0.5 - centerY) / radius
                let (u, v) = (cosine * dx + sine * dy, cosine * dy - sine * dx)
                pixels.append(contains(shape, u, v) ? 255 : 0)
            }
        }
    }

    /// Whether a point lies in a shape that fits the unit circle.
    private static func contains(_ shape: Int, _ u: Double, _ v: Double) -> Bool {
        switch shape {
        case 0: return abs(u) <= 0.7 && abs(v) <= 0.7
        case 1: return u * u + v * v / 0.25 <= 1
        default:
            // The curve (x^2 + y^2 - 1)^3 = x^2 y^3, upside up.
            let (x, y) = (1.25 * u, 0.15 - 1.25 * v)
            let ring = x * x + y * y - 1
            return ring * ring * ring <= x * x * y * y * y
        }
    }
}
