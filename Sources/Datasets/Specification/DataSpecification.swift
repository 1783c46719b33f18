internal import Foundation
internal import HDF5
internal import Support

/// What `--data` says, in its parts: files, and the objects in each whose rows are put side by side.
///
///     data.h5                      the data that the file has
///     data.h5:/images              a data set, or a group with `data` or a sparse matrix in it; also data.h5:images, data.h5/images
///     data.h5:/angles+/distances   data sets side by side
///     'run-*.h5:/images'           files, one after the other, in the order of their names
///     a.h5,b.h5:/test              the same, listed
///
/// Names may hold any character: what there is, as it stands, is meant, and only else the text is taken apart. Behind a backslash
/// `,` `+` `:` and the characters of patterns belong to a name (``SpecificationText``).
package struct DataSpecification {
    package struct Item {
        package let file: String
        /// Empty if none is named.
        package let objects: [String]
    }

    package let items: [Item]

    /// Throws ``Failure`` (66) for a pattern that no file fits.
    ///
    /// Looks for names in the files, so of files that may be damaged it is for a child process first (``FileProbe``).
    package init(_ text: String) throws {
        var names = ObjectNames()
        items = try Self.items(SpecificationText(text), &names)
        if items.isEmpty { throw Failure(.inputMissing, "'\(text)' names no file") }
    }

    /// The same object of some files.
    package init(files: [String], object: String) { items = files.map { Item(file: $0, objects: [object]) } }

    /// The same from any folder: every file by its absolute path, patterns as the files that fit them.
    package var absolute: String {
        items.map { item in
            let objects = item.objects.map(SpecificationText.escaped).joined(separator: "+")
            return SpecificationText.escaped(Self.absolute(item.file)) + (objects.isEmpty ? "" : ":\(objects)")
        }.joined(separator: ",")
    }

    /// The path of a file from any folder; a link stays one.
    private static func absolute(_ file: String) -> String {
        let folder = FilePath.folder(of: file)
        guard let real = realpath(folder.isEmpty ? "." : folder, nil) else { return file }
        defer { free(real) }
        let path = String(cString: real)
        return (path == "/" ? "/" : "\(path)/") + FilePath.name(of: file)
    }

    /// All files that a text can mean, whichever way it is taken apart; nothing is opened.
    static func possibleFiles(_ text: String) -> [String] {
        let parts = SpecificationText(text).split(",")
        var files: [String] = []
        for first in parts.indices {
            for end in first + 1...min(parts.count, first + mostParts) {
                let joined = SpecificationText(joining: parts[first..<end], by: ",").trimmed
                files += joined.files
                for cut in joined.cuts(at: ":") + joined.cuts(at: "/") { files += cut.before.files }
            }
        }
        return files.filter { FilePath.isRegularFile($0) }
    }

    /// Names that have more than so many commas, or plus signs, need backslashes.
    fileprivate static let mostParts = 12

    private static func items(_ text: SpecificationText, _ names: inout ObjectNames) throws -> [Item] {
        let parts = text.split(",")
        var items: [Item] = []
        var first = 0
        while first < parts.count {
            var found: [Item]?
            var end = min(parts.count, first + mostParts)
            while found == nil, end > first {
                let joined = SpecificationText(joining: parts[first..<end], by: ",")
                found = existing(joined, &names) ?? existing(joined.trimmed, &names)
                end -= found == nil ? 1 : 0
            }
            if let found {
                items += found
                first = end
            } else {
                if !parts[first].trimmed.isEmpty { items += try takenApart(parts[first].trimmed) }
                first += 1
            }
        }
        return items
    }

    /// The files, and the objects in them, if all of them are there.
    private static func existing(_ text: SpecificationText, _ names: inout ObjectNames) -> [Item]? {
        if text.isEmpty { return nil }
        let files = text.files
        if !files.isEmpty { return files.map { Item(file: $0, objects: []) } }
        for (before, after) in text.cuts(at: ":") + text.cuts(at: "/") {
            let files = before.files.filter { FilePath.isRegularFile($0) }
            guard let file = files.first, let objects = names.existing(after, in: file) else { continue }
            return files.map { Item(file: $0, objects: objects) }
        }
        return nil
    }

    /// What is probably meant where nothing of that name is there, for the message of who opens it.
    private static func takenApart(_ text: SpecificationText) throws -> [Item] {
        for (before, after) in text.cuts(at: ":") + text.cuts(at: "/") {
            let files = before.files.filter { FilePath.isRegularFile($0) }
            if !files.isEmpty { return files.map { Item(file: $0, objects: after.objects) } }
        }
        let cut = text.cuts(at: ":").first { $0.after.plain.hasPrefix("/") }
        let file = cut?.before ?? text
        if file.isPattern { throw Failure(.inputMissing, "\(file.plain): no file fits the pattern") }
        return [Item(file: file.plain, objects: cut?.after.objects ?? [])]
    }
}

/// Looks for objects in files, each of which is opened once, and only where a name can be read in more ways than one.
private struct ObjectNames {
    private var files: [String: File?] = [:]

    /// The objects that a text names, one or several with a plus sign between them; nil if one of them is not there.
    mutating func existing(_ text: SpecificationText, in path: String) -> [String]? {
        if text.isPlain { return text.objects }
        if files[path] == nil { files[path] = .some(try? File.open(path)) }
        guard let file = files[path] ?? nil else { return nil }
        let parts = text.split("+")
        var objects: [String] = []
        var first = 0
        while first < parts.count {
            // The longest name that is there.
            var found: (end: Int, object: String)?
            for end in (first + 1...min(parts.count, first + DataSpecification.mostParts)).reversed() where found == nil {
                let joined = SpecificationText(joining: parts[first..<end], by: "+")
                guard !joined.isEmpty, let object = joined.spellings.first(where: { has($0, file) }) else { continue }
                found = (end, object)
            }
            guard let found else { return nil }
            objects.append(found.object)
            first = found.end
        }
        return objects
    }

    /// A link that is refused is there as well: who opens it says so.
    private func has(_ object: String, _ file: File) -> Bool {
        do throws(HDF5Error) { return try file.item(object) != nil } catch { return error.kind == .refused }
    }
}
