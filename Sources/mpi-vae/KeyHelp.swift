internal import ArgumentParser
internal import Support
internal import Training

/// What `mpi-vae help KEY` says of a key of the configuration.
struct KeyHelp {
    private let key: ConfigurationKey

    /// Nil for words that are not `help` and the name of a key, with or without its dashes; commands win.
    init?(_ words: [String]) {
        guard words.count == 2, words[0] == "help" else { return nil }
        let commands = MPIVAE.configuration.subcommands.map { $0._commandName }
        let name = String(words[1].drop { $0 == "-" })
        guard !commands.contains(words[1]), let key = ConfigurationKey.named(name) else { return nil }
        self.key = key
    }

    var text: String {
        let identity =
            switch key.identity {
            case .none: "may be another at every start; no result depends on it"
            case .decides: "results depend on it: a run that goes on must have the same"
            case .decidesIfGiven: "results depend on it: a run that goes on has the same, also where it is left out"
            case .extends: "says how far a run goes: may be another when it goes on"
            case .names: "results depend on what it names: a run that goes on must find the same content"
            }
        return """
            \(key.name), of the section [\(key.section)]: \(key.help)

            value     \(key.kind)
            default   \(key.defaultTOML)
            written   --\(key.name), \(key.environmentName), --set \(key.section).\(key.name)=..., or in TOML under [\(key.section)]
            resuming  \(identity)
            page      docs/configuration.md#\(key.section)
            """
    }
}
