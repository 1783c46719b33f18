internal import CHDF5

/// What lies in a file, as far as it was looked at.
public struct Contents: Sendable {
    /// Paths, in alphabetical order; `/` is a group.
    public fileprivate(set) var datasets: [String] = []
    public fileprivate(set) var groups: [String] = ["/"]
    /// What is damaged, or leads into other files.
    public fileprivate(set) var problems: [HDF5Error] = []
    /// False if there is more than was looked at.
    public fileprivate(set) var isComplete = true
}

extension File {
    /// Looks at groups and data sets in the file itself: at most `limit` data sets and problems, and ten times as many links.
    ///
    /// A group is looked at once, under the first of its names: links can form circles.
    public func contents(limit: Int = 1000) -> Contents {
        Library.lock()
        defer { Library.unlock() }
        var contents = Contents()
        var open = ["/"]
        var seen: Set<[UInt64]> = []
        var linkCount = 0
        while let group = open.popLast() {
            do throws(HDF5Error) {
                guard seen.insert(try identity(ofGroup: group)).inserted else { continue }
                if group != "/" { contents.groups.append(group) }
                let (names, areAll) = try children(of: group, limit: 10 * limit - linkCount)
                linkCount += names.count
                if !areAll { contents.isComplete = false }
                for name in names {
                    guard contents.datasets.count + contents.problems.count < limit else {
                        contents.isComplete = false
                        break
                    }
                    let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
                    do throws(HDF5Error) {
                        switch try item(path) {
                        case .dataset: contents.datasets.append(path)
                        // No file means to be deeper.
                        case .group where path.split(separator: "/").count < 32: open.append(path)
                        case .group: contents.isComplete = false
                        case nil where name.contains("\u{FFFD}"):
                            throw HDF5Error(.unsuitable, file: self.path, object: path, "has a name that is not UTF-8")
                        default: break
                        }
                    } catch {
                        contents.problems.append(error)
                    }
                }
            } catch {
                contents.problems.append(error)
            }
        }
        contents.datasets.sort()
        contents.groups.sort()
        return contents
    }

    /// The bytes of the file.
    public var size: Int {
        Library.lock()
        defer { Library.unlock() }
        var size: hsize_t = 0
        H5Fget_filesize(handle.id, &size)
        return Int(clamping: size)
    }

    /// The paths of all data sets that lie in the file itself, at most `limit`.
    ///
    /// Throws what is wrong with the file if there are none.
    public func datasetPaths(limit: Int = 1000) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        let contents = contents(limit: limit)
        if contents.datasets.isEmpty, let problem = contents.problems.first { throw problem }
        return contents.datasets
    }

    /// The names in a group, in alphabetical order.
    public func children(of group: String) throws(HDF5Error) -> [String] { try children(of: group, limit: 100_000).names }

    /// The names in a group, at most `limit`, in alphabetical order, and whether these are all.
    private func children(of group: String, limit: Int) throws(HDF5Error) -> (names: [String], areAll: Bool) {
        Library.lock()
        defer { Library.unlock() }
        let object = try openGroup(group)
        let names = NameList(limit: limit)
        let status = names.collect { chdf5_for_each_link(object.id, $0, $1) }
        if status < 0 { throw failure(group, "cannot be listed: damaged") }
        return (names.names.sorted(), status == 0)
    }

    private func identity(ofGroup group: String) throws(HDF5Error) -> [UInt64] {
        let object = try openGroup(group)
        var description = chdf5_object()
        if chdf5_describe(object.id, &description) < 0 { throw failure(group, "cannot be described: damaged") }
        return [description.identity.0, description.identity.1]
    }

    private func openGroup(_ path: String) throws(HDF5Error) -> Handle {
        try Handle(
            H5Gopen2(handle.id, path, chdf5_default()), file: self.path, object: path, "cannot be opened as a group: damaged")
    }
}

/// Takes the names that the library lists, one by one.
final class NameList {
    private(set) var names: [String] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Calls `list` with what it is to call back; gives its status, 1 if there are more names than the limit.
    @discardableResult
    func collect(_ list: (chdf5_name_callback, UnsafeMutableRawPointer) -> herr_t) -> herr_t {
        withExtendedLifetime(self) {
            list(
                { context, name in
                    let list = Unmanaged<NameList>.fromOpaque(context!).takeUnretainedValue()
                    if list.names.count >= list.limit { return 1 }
                    list.names.append(String(cString: name!))
                    return 0
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }
}
