internal import Foundation

/// Folders that a start makes, which it takes back where it fails: nothing that was there before, and nothing that something lies in.
package struct MadeFolders {
    /// The innermost first.
    private let paths: [String]

    /// Notes which folders on the way to `path` are not there, before they are made.
    package init(missingOf path: String) {
        var (missing, place) = ([String](), path.hasPrefix("/") ? "/" : "")
        for part in path.split(separator: "/") {
            place += part + "/"
            if access(place, F_OK) != 0 { missing.append(place) }
        }
        paths = missing.reversed()
    }

    package func removeEmpty() { for path in paths { rmdir(path) } }
}
