internal import Datasets

/// The configuration as text.
extension Configuration {
    /// All keys, as TOML that gives the same configuration.
    public func resolvedTOML() -> String { toml(ConfigurationKey.all) }

    /// The keys that determine the result, bit for bit; no files, threads, or anything else of this one run.
    public func identityTOML() -> String {
        // Labels do where they select rows or are trained on.
        let usesLabels = !data.options.onlyLabels.isEmpty || objective.objective == .semiSupervised
        return toml(ConfigurationKey.kept.filter { $0.name != "labels" || usesLabels })
    }

    /// The names of the keys that ``identityTOML()`` of this version or an older one wrote.
    package static func names(inTOML text: String) -> Set<String> {
        Set(text.split(separator: "\n").compactMap { line in line.firstRange(of: " = ").map { String(line[..<$0.lowerBound]) } })
    }

    /// All keys with what they mean, as a file to begin with.
    public func documentedTOML() -> String {
        """
        # All keys of mpi-vae train. What stands here wins over the preset of a model, so for another model print this anew:
        # mpi-vae config --model NAME

        \(toml(ConfigurationKey.all, isDocumented: true))
        """
    }

    private func toml(_ keys: [ConfigurationKey], isDocumented: Bool = false) -> String {
        var text = ""
        var section = ""
        for key in keys {
            // Nothing is not data, so there is nothing to write of it.
            let isLeftOut = key.kind == .file && key.toml(self) == quoted("")
            if isLeftOut, !isDocumented { continue }
            if key.section != section {
                text += "\(text.isEmpty ? "" : "\n")[\(key.section)]\n"
                section = key.section
            }
            if isDocumented { text += "# \(key.documentation)\n" }
            text += "\(isLeftOut ? "# " : "")\(key.name) = \(key.toml(self))\n"
        }
        return text
    }
}

/// A string of TOML.
package func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case _ where scalar.value < 32:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
