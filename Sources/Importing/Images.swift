internal import Distributed
internal import Foundation
internal import HDF5
internal import Logging
internal import Support

extension Importer {
    /// Imports a folder of PNG and JPEG images, in the order of their paths: `/data` [N, H, W] or [N, H, W, 3], `/id` the path, and
    /// `/label` the folder where each image lies in a folder of that one.
    ///
    /// - Parameters:
    ///   - size: what the images are scaled to; nil if all have one size.
    ///   - color: nil for gray if all are gray, else RGB.
    ///   - threads: decoders; nil for one a processor. The file does not depend on it.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74, 77).
    public func importImages(folder path: String, size: ImageSize?, color: ImageColor?, threads: Int?) throws -> String {
        let folder = try ImageFolder(path)
        if folder.otherCount > 0 {
            log.notice("\(path): other files than .png, .jpg and .jpeg passed over: \(folder.otherCount)")
        }
        let labels = folder.labels
        if labels == nil, folder.hasFolders {
            log.notice("\(path): no labels: images do not all lie one folder deep, in the folders of their classes")
        }
        let pool = WorkerPool(count: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let headers = try headers(of: folder, pool)
        if size == nil { try requireOneSize(headers, folder) }
        let size = size ?? ImageSize(height: headers[0].height, width: headers[0].width)
        let color = color ?? (headers.allSatisfy(\.isGray) ? .gray : .rgb)
        let shape = [folder.paths.count, size.height, size.width] + (color == .rgb ? [3] : [])
        try requireTrainable(shape, path)
        let textBytes = folder.paths.reduce(0) { $0 + $1.utf8.count } * 2
        return try write(byteCount: shape.reduce(1, *) + shape[0] * 200 + textBytes) { file in
            let data = try file.createDataset("\(group)/data", UInt8.self, shape: shape, compressed: true)
            try copy(folder, size, color, to: data, pool)
            try write(folder.paths, to: "\(group)/id", in: file)
            if let labels { try write(labels, to: "\(group)/label", in: file) }
            return summary(shape, "uint8", labels: labels != nil)
        }
    }

    private func headers(of folder: ImageFolder, _ pool: WorkerPool) throws -> [ImageHeader] {
        Activity.begin("looking at images", of: folder.paths.count, "images")
        defer { Activity.end() }
        var headers = [ImageHeader](repeating: ImageHeader(height: 0, width: 0, isGray: true), count: folder.paths.count)
        try headers.withUnsafeMutableBufferPointer { headers in
            try pool.deal(headers.count, progress: { Activity.advance(to: $0) }) { number in
                headers[number] = try ImageFile(path: folder.path(folder.paths[number])).header()
            }
        }
        return headers
    }

    private func requireOneSize(_ headers: [ImageHeader], _ folder: ImageFolder) throws {
        let first = headers[0]
        guard let other = headers.firstIndex(where: { $0.height != first.height || $0.width != first.width }) else { return }
        throw Failure(
            .badData,
            "\(folder.path(folder.paths[other])): has \(headers[other].height) x \(headers[other].width) pixels, but \(folder.paths[0]) "
                + "has \(first.height) x \(first.width): scale all to one size with --size HEIGHTxWIDTH")
    }

    /// Decodes piece by piece on all threads, while the first writes the piece before.
    private func copy(
        _ folder: ImageFolder, _ size: ImageSize, _ color: ImageColor, to data: Dataset, _ pool: WorkerPool
    ) throws {
        Activity.begin("importing", of: data.rowCount, "images")
        defer { Activity.end() }
        // The same whatever the number of threads, so that the file is.
        let step = max(1, 8 * Self.pieceBytes / data.rowSize)
        var decoded: (rows: Range<Int>, bytes: [UInt8]) = (0..<0, [])
        for first in stride(from: 0, to: data.rowCount, by: step) {
            let rows = first..<min(first + step, data.rowCount)
            var bytes = [UInt8](repeating: 0, count: rows.count * data.rowSize)
            try bytes.withUnsafeMutableBytes { bytes in
                try pool.deal(
                    rows.count, first: { try data.write(decoded.bytes, rows: decoded.rows) },
                    progress: { Activity.advance(to: first + $0) }
                ) { number in
                    let image = ImageFile(path: folder.path(folder.paths[first + number]))
                    let pixels = try image.pixels(color, size)
                    pixels.withUnsafeBytes {
                        (bytes.baseAddress! + number * data.rowSize).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
                    }
                }
            }
            decoded = (rows, bytes)
        }
        try data.write(decoded.bytes, rows: decoded.rows)
    }
}
