internal import HDF5

extension File {
    /// What is wrong with the attributes of groups and data sets, a line each: all are read, as far as 100 of an object.
    func attributeProblems(of contents: Contents) -> [String] {
        (contents.groups + contents.datasets).flatMap { path -> [String] in
            do throws(HDF5Error) {
                var problems: [String] = []
                for name in try attributeNames(of: path) {
                    do throws(HDF5Error) { _ = try attribute(name, of: path) } catch {
                        problems.append("\(path): \(error.reason)")
                    }
                }
                return problems
            } catch {
                return ["\(path): \(error.reason)"]
            }
        }
    }
}
