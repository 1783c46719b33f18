internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training

/// Whether a file is good: everything in it is read, by a child process.
public struct FileCheck {
    /// A data set, and what was found out about it.
    struct Item: Codable {
        var path: String
        var shape: [Int] = []
        var type = ""
        /// nil if the values were not read.
        var values: ValueScan?
        var problem: String?
        var notes: [String] = []
        /// Whether values of rows are not numbers.
        var hasMissing = false
    }

    package struct Report: Codable {
        package var file: String
        /// nil if it could not be found out.
        package var kind: String?
        /// Of the file as a whole; those of data sets are with them.
        package var problems: [String] = []
        package var notes: [String] = []
        var datasets: [Item] = []
    }

    /// A report with its verdict.
    private struct Verdict: Encodable {
        var isGood: Bool
        var report: Report

        enum CodingKeys: CodingKey { case isGood }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(isGood, forKey: .isGood)
        }
    }

    private let report: Report

    /// Checks a file. Throws ``Failure`` (66, 77) if it is not there or may not be read; one that is damaged has a report too.
    public init(_ file: String) throws {
        do {
            report = try FileProbe.check.report(Report.self, on: file)
        } catch let failure as Failure where failure.code == .badData {
            // What follows may be the path of an object.
            let rest = failure.message.hasPrefix("\(file):") ? failure.message.dropFirst(file.count + 1) : failure.message[...]
            let message = rest.trimmingCharacters(in: .whitespaces)
            report = Report(file: file, problems: [message])
        }
    }

    /// What is wrong, a line each; empty if the file is good.
    public var problems: [String] {
        report.problems + report.datasets.compactMap { item in item.problem.map { "\(item.path): \($0)" } }
    }
}

// MARK: In the child

extension FileCheck {
    /// Reads everything in a file. Throws ``Failure``.
    package static func report(on path: String) throws -> Report {
        let file: File
        do {
            file = try File.open(path)
        } catch {
            throw Failure(error)
        }
        let format = (try? file.attribute("format")).flatMap { if case .string(let text) = $0 { text } else { nil } }
        var report = Report(file: path, kind: format ?? "HDF5 data")
        if format == nil, (try? file.item("/X")) != nil, (try? file.item("/obs")) == .group {
            report.kind = "AnnData"
        }
        let contents = file.contents()
        let matrices = contents.groups.compactMap { Inspection.sparseMatrix($0, in: file) }
        let matrixValues = Set(matrices.map { "\($0.path)/data" })
        report.problems += contents.problems.map { "\($0.object ?? "/"): \($0.reason)" }
        report.problems += problems(of: file, contents, matrices, format)
        if !contents.isComplete {
            report.notes.append("holds more than is looked at: \(contents.datasets.count) data sets were read")
        }
        for path in contents.datasets {
            report.datasets.append(item(path, in: file, isMatrix: matrixValues.contains(path)))
            ChildLimits.giveSignOfLife()
        }
        for matrix in matrices {
            let width = matrix.format == "CSR" ? matrix.shape[1] : matrix.shape[0]
            let indices = report.datasets.first { $0.path == "\(matrix.path)/indices" }?.values
            if let low = indices?.minimum, let high = indices?.maximum, low < 0 || high >= Double(width) {
                let wrong = Int(low < 0 ? low : high)
                report.problems.append("\(matrix.path): has a value at index \(wrong), but indices are from 0 to \(width - 1)")
            }
        }
        return report
    }

    /// What keeps other commands from reading a file, besides what single data sets hold: attributes, categories, what a checkpoint is made of,
    /// parts of sparse matrices that do not fit each other.
    static func problems(
        of file: File, _ contents: Contents, _ matrices: [Inspection.SparseMatrix], _ format: String?
    ) -> [String] {
        var problems: [String] = []
        if format == Checkpoint.format {
            ChildLimits.allowReading(wholeFileOf: file.size)
            do { _ = try Checkpoint.readHere(file.path, .model) } catch { problems.append("\(error)") }
        }
        problems += file.attributeProblems(of: contents)
        for group in contents.groups where contents.datasets.contains("\(group)/codes") {
            do throws(HDF5Error) { _ = try Column(file, group) } catch {
                problems.append("\(error.object ?? group): \(error.reason)")
            }
        }
        // Of more rows than are ever seen the parts alone are checked, for their starts would take too much memory.
        for matrix in matrices where matrix.shape[matrix.format == "CSR" ? 0 : 1] < 1 << 21 {
            do { _ = try SparseRows(file, matrix.path) } catch { problems.append("\(error)") }
        }
        return problems
    }

    /// - Parameter isMatrix: whether these are the values of a sparse matrix, whose rows are trained on.
    private static func item(_ path: String, in file: File, isMatrix: Bool) -> Item {
        var item = Item(path: path)
        do throws(HDF5Error) {
            let dataset = try file.dataset(path)
            item.shape = dataset.shape
            item.type = dataset.type.description
            guard !dataset.shape.contains(0) else { return item }
            switch dataset.type.elementClass {
            case .string: try readStrings(dataset)
            case .other: item.notes.append("not read")
            case .signed, .unsigned, .float:
                try dataset.checkStorage()
                try readNumbers(dataset, &item, areRows: isMatrix || dataset.shape.count >= 2)
                if !dataset.hasChecksum { item.notes.append("no checksum: damage would not be noticed") }
                if let advice = chunkAdvice(dataset, file: file.path) { item.notes.append(advice) }
            }
        } catch {
            item.problem = error.reason
        }
        return item
    }

    private static func readNumbers(_ dataset: Dataset, _ item: inout Item, areRows: Bool) throws(HDF5Error) {
        if !dataset.filters.isEmpty, let bytes = dataset.chunkBytes, bytes > ValueScan.largestChunk {
            item.notes.append("not read: a check takes no memory for chunks of \(sizeText(bytes))")
            return
        }
        let values = try ValueScan(dataset, progress: ChildLimits.giveSignOfLife)
        item.values = values
        guard let bad = values.firstBad else { return }
        var place = bad.isEmpty ? "" : ", first in row \(bad[0])"
        if bad.count >= 2 {
            let column = zip(bad, dataset.shape).dropFirst().reduce(0) { $0 * $1.1 + $1.0 }
            place += ", column \(column)"
        }
        let counts = [(values.nanCount, "NaN"), (values.infiniteCount, "infinite")].filter { $0.0 > 0 }
        let text = "\(counts.map { "\($0.0) \($0.1)" }.joined(separator: " and "))\(place)"
        // As training has it: infinite values are an error in rows. Beside the rows both often stand for what is not known.
        if areRows, values.infiniteCount > 0 {
            item.problem = text
        } else {
            item.notes.append(
                areRows ? "\(text): missing values, which are trained on with --nan mask, or left out with --nan drop" : text)
            item.hasMissing = areRows
        }
    }

    /// Reads a list of strings, as far as `most` of them.
    static func readStrings(_ dataset: Dataset, most: Int = .max) throws(HDF5Error) {
        guard dataset.shape.count == 1 else { return }
        try dataset.checkStorage()
        for first in stride(from: 0, to: min(dataset.rowCount, most), by: 1024) {
            _ = try dataset.readStrings(rows: first..<min(first + 1024, dataset.rowCount))
            ChildLimits.giveSignOfLife()
        }
    }
}

// MARK: What is shown

extension FileCheck {
    /// For people: what the file is and whether it is good, a line a data set, and what there is to say of them.
    public func text() -> String {
        let name = report.file.printable(limit: 4096)
        guard let kind = report.kind else {
            return "\(name): \(problems.map { $0.printable(limit: 1000) }.joined(separator: ", "))"
        }
        let verdict =
            !problems.isEmpty ? "not good" : report.datasets.contains(where: \.hasMissing) ? "good for --nan mask" : "good"
        var lines = ["\(name): \(verdict): \(kind.printable())"]
        lines += (report.problems + report.notes).map { "  \($0.printable(limit: 1000))" }
        for item in report.datasets {
            var line = "  \(item.path.printable())"
            if !item.type.isEmpty { line += "  \(item.shape) \(item.type)" }
            if item.values != nil, item.problem == nil { line += ": read" }
            if let problem = item.problem { line += ": \(problem.printable(limit: 1000))" }
            lines.append(line)
            lines += item.notes.map { "    \($0.printable(limit: 1000))" }
        }
        return lines.joined(separator: "\n")
    }

    /// For programs.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Verdict(isGood: problems.isEmpty, report: report)), as: UTF8.self)
    }
}
