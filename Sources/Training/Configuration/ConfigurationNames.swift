internal import Support

/// Keys by what people type.
extension ConfigurationKey {
    /// The key of a name, `latent` or `model.latent`.
    ///
    /// - Parameter place: where the name stands, for messages.
    /// - Throws: ``Failure`` (78) that says which one may be meant.
    package static func named(_ name: String, place: String) throws -> ConfigurationKey {
        let path = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let section = path.count == 2 ? path[0] : nil
        guard let key = named(path.last!), section == nil || key.section == section else {
            throw unknown(path.last!, in: section, place: place)
        }
        return key
    }

    /// - Parameter section: nil where none was given.
    static func unknown(_ key: String, in section: String?, place: String) -> Failure {
        if let section, let other = named(key) {
            return Failure(.configuration, "\(place): '\(key)' belongs into section [\(other.section)], not [\(section)]")
        }
        let hint = hint(key) ?? "`mpi-vae config` shows all keys"
        return Failure(.configuration, "\(place): unknown key '\(key)'\(section.map { " in [\($0)]" } ?? ""): \(hint)")
    }

    /// What to say of a key that there is not.
    package static func hint(_ name: String) -> String? {
        GuessedNames.hint(for: name, among: all.map(\.name)) { known in
            "'\(known)' in [\(named(known)!.section)]"
        }
    }

    /// The first key, among values by key, that was given several values with commas between them, though it takes one; nil if none was.
    public static func severalValues(_ values: [String: String]) -> (key: String, value: String)? {
        for key in all {
            guard let value = values[key.name], value.contains(","), value != "," else { continue }
            var scratch = Configuration()
            let isOne = (try? key.set(&scratch, value)) != nil
            let parts = value.split(separator: value.contains(";") ? ";" : ",")
            if !isOne, parts.count > 1, parts.allSatisfy({ (try? key.set(&scratch, String($0))) != nil }) {
                return (key.name, value)
            }
        }
        return nil
    }
}
