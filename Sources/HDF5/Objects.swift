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
            let parent = reached
            reached += "/\(part)"
            var link = H5L_info_t()
            let exists = H5Lexists(handle.id, reached, chdf5_default())
            if exists < 0, isGroup(parent) { throw failure(reached, "cannot be looked for: damaged") }
            guard exists > 0, H5Lget_info(handle.id, reached, &link, chdf5_default()) >= 0 else {
                _ = takeErrorFrames()
                return nil
            }
            if link.type != H5L_TYPE_HARD, link.type != H5L_TYPE_SOFT {
                throw HDF5Error(.refused, file: self.path, object: reached, "is a link to another file, which is refused")
            }
            guard H5Oexists_by_name(handle.id, reached, chdf5_default()) > 0 else {
                // A soft link may well lead nowhere.
                if link.type == H5L_TYPE_HARD { throw failure(reached, "cannot be opened: damaged") }
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

    private func isGroup(_ path: String) -> Bool {
        let object = H5Gopen2(handle.id, path.isEmpty ? "/" : path, chdf5_default())
        if object >= 0 { H5Idec_ref(object) }
        return object >= 0
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

/// Copying objects from file to file, and removing them.
extension File {
    /// Takes away what lies at `path`, with all that lies in it, if anything does.
    public func remove(_ path: String) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        if try item(path) == nil { return }
        if H5Ldelete(handle.id, path, chdf5_default()) < 0 { throw failure(path, "cannot be removed") }
    }

    /// Copies a group or data set with all that lies in it, as it is stored, to a path of this file where nothing may be.
    ///
    /// Links out of the file are copied as links.
    public func copy(_ path: String, from source: File, as place: String) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        if H5Ocopy(source.handle.id, path, handle.id, place, chdf5_default(), chdf5_default()) < 0 {
            throw failure(path, "cannot be copied from \(source.path)")
        }
    }

    /// `path`, or the first of `path_2`, `path_3`, ... where nothing is.
    public func freePath(_ path: String) throws(HDF5Error) -> String {
        var free = path
        var number = 2
        while try item(free) != nil {
            free = "\(path)_\(number)"
            number += 1
        }
        return free
    }

    /// Takes an attribute away, if it is there.
    public func removeAttribute(_ name: String, of path: String) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        if H5Aexists_by_name(handle.id, path, name, chdf5_default()) <= 0 { return }
        if H5Adelete_by_name(handle.id, path, name, chdf5_default()) < 0 {
            throw failure(path, "attribute \(name) cannot be replaced")
        }
    }
}
