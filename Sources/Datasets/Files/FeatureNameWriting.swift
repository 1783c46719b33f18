package import HDF5

extension File {
    /// Writes the features' names beside the data of a group, where there are some.
    package func write(featureNames: [String]?, group: String = "") throws(HDF5Error) {
        guard let featureNames, !featureNames.isEmpty else { return }
        try createStrings("\(group)/feature_names", count: featureNames.count).write(featureNames, rows: 0..<featureNames.count)
    }
}
