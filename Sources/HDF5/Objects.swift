internal import CHDF5

/// Finding and making objects by their path, `/group/name`.
extension File {
    /// What lies at a path, without following it into another file.
    public enum Item: Sendable, Equatable {
        case group
        case dataset
        case other
    }

    /// What lies at `path`; nil if there is nothing.
    ///
    /// Every part of the path is looked at: a link into another file is refused before it is followed.
    public func item(_ path: String) throws(HDF5Error) -> Item? {
        Library.lock()
        defer { Library.unlock() }
        var reached = ""
        for part in path.split(separator: "/") {
            reached += "/\(part)"
            var link = H5L_info_t()
            guard H5Lexists(handle.id, reached, chdf5_default()) > 0,
                H5Lget_info(handle.id, reached, &link, chdf5_default()) >= 0
            else {
                _ = takeErrorFrames()
                return nil
            }
            if link.type != H5L_TYPE_HARD, link.type != H5L_TYPE_SOFT {
                throw HDF5Error(.refused, file: self.path, object: reached, "is a link to another file, which is refused")
            }
            guard H5Oexists_by_name(handle.id, reached, chdf5_default()) > 0 else {
                _ = takeErrorFrames()
                return nil
            }
        }
        let object = try Handle(
            H5Oopen(handle.id, path.isEmpty ? "/" : path, chdf5_default()), file: self.path, object: path, "cannot be opened")
        return switch H5Iget_type(object.id) {
        case H5I_GROUP: .group
        case H5I_DATASET: .dataset
        default: .other
        }
    }

    /// The data set at `path`.
    ///
    /// Refused are data sets whose data lie in other files (external storage, virtual data sets).
    public func dataset(_ path: String) throws(HDF5Error) -> Dataset {
        Library.lock()
        defer { Library.unlock() }
        switch try item(path) {
        case .dataset: return try Dataset(file: self, path: path)
        case nil: throw HDF5Error(.missingObject, file: self.path, object: path, "is not there")
        default: throw HDF5Error(.missingObject, file: self.path, object: path, "is not a data set")
        }
    }

    /// The names in a group, in alphabetical order.
    public func children(of group: String) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        let object = try Handle(
            H5Gopen2(handle.id, group, chdf5_default()), file: path, object: group, "cannot be opened as a group")
        var names: [String] = []
        let status = withUnsafeMutablePointer(to: &names) { names in
            chdf5_for_each_link(
                object.id,
                { context, name in
                    context!.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name!))
                }, names)
        }
        if status < 0 { throw failure(group, "cannot be listed") }
        return names
    }

    /// The paths of all data sets that lie in the file itself, at most `limit`.
    public func datasetPaths(limit: Int = 1000) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        var found: [String] = []
        var groups = [""]
        // Hard links can form circles; a depth of 32 is no file's intent.
        while let group = groups.popLast(), found.count < limit {
            for name in try children(of: group.isEmpty ? "/" : group) {
                let path = "\(group)/\(name)"
                switch try? item(path) {
                case .dataset: found.append(path)
                case .group where path.split(separator: "/").count < 32: groups.append(path)
                default: break
                }
            }
        }
        return found.sorted()
    }

    /// Makes a group and those above it, if they are not there.
    public func createGroup(_ path: String) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        var reached = ""
        for part in path.split(separator: "/") {
            reached += "/\(part)"
            if H5Lexists(handle.id, reached, chdf5_default()) > 0 { continue }
            // Without times, so that the same content gives the same bytes.
            let properties = try Handle(H5Pcreate(chdf5_group_create()), file: self.path, object: reached, "no properties")
            H5Pset_obj_track_times(properties.id, false)
            _ = try Handle(
                H5Gcreate2(handle.id, reached, chdf5_default(), properties.id, chdf5_default()), file: self.path,
                object: reached, "cannot be created")
        }
    }
}
