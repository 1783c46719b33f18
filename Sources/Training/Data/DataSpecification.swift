internal import Foundation

/// What `--data` says, in its parts: files, and the objects in each whose rows are put side by side.
///
///     data.h5                      the data that the file has
///     data.h5:/images              a data set, or a group with `data` or a sparse matrix in it
///     data.h5:/angles+/distances   data sets side by side
///     'run-*.h5:/images'           files, one after the other, in the order of their names
///     a.h5,b.h5:/test              the same, listed
struct DataSpecification {
    struct Item {
        let file: String
        /// Empty if none is named.
        let objects: [String]
    }

    let items: [Item]

    /// Throws ``Failure`` (66) for a pattern that no file fits.
    init(_ text: String) throws {
        // A name may hold any character: what is there is meant.
        if FileManager.default.fileExists(atPath: text) {
            items = [Item(file: text, objects: [])]
            return
        }
        items = try text.split(separator: ",").flatMap { part in
            let (pattern, objects) = Self.split(String(part))
            return try Self.files(pattern).map { Item(file: $0, objects: objects) }
        }
        if items.isEmpty { throw Failure(.inputMissing, "'\(text)' names no file") }
    }

    /// The same from any folder: every file by its absolute path, patterns as the files that fit them.
    var absolute: String {
        items.map { item in
            Self.absolute(item.file) + (item.objects.isEmpty ? "" : ":" + item.objects.joined(separator: "+"))
        }.joined(separator: ",")
    }

    /// The path of a file from any folder; a link stays one.
    private static func absolute(_ file: String) -> String {
        let slash = file.lastIndex(of: "/")
        let (folder, name) = slash.map { (String(file[...$0]), String(file[file.index(after: $0)...])) } ?? (".", file)
        guard let real = realpath(folder, nil) else { return file }
        defer { free(real) }
        let path = String(cString: real)
        return path == "/" ? "/\(name)" : "\(path)/\(name)"
    }

    /// `file.h5:/a+/b` in its parts.
    private static func split(_ text: String) -> (file: String, objects: [String]) {
        guard let colon = text.range(of: ":/", options: .backwards) else { return (text, []) }
        let objects = text[colon.upperBound...].split(separator: "+", omittingEmptySubsequences: false)
        return (
            String(text[..<colon.lowerBound]), objects.map { "/" + $0.trimmingPrefix("/") }
        )
    }

    private static func files(_ pattern: String) throws -> [String] {
        guard pattern.contains(where: { "*?[".contains($0) }), !FileManager.default.fileExists(atPath: pattern) else {
            return [pattern]
        }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, found.gl_pathc > 0 else {
            throw Failure(.inputMissing, "\(pattern): no file fits the pattern")
        }
        // By bytes, whatever the language of the environment.
        return (0..<Int(found.gl_pathc)).map { String(cString: found.gl_pathv[$0]!) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }
}
