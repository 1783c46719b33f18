import Datasets
import Foundation
import Support
import TestSupport
import Testing
import Training
import VAE

struct ConfigurationTests {
    private func load(
        _ toml: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:], set: [String] = []
    ) throws -> Configuration {
        let folder = try TemporaryFolder()
        let path = folder.path("run.toml")
        if let toml { try Data(toml.utf8).write(to: URL(fileURLWithPath: path)) }
        return try Configuration.load(
            file: toml == nil ? nil : path, environment: environment, flags: flags, assignments: set)
    }

    private func failure(
        _ toml: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:], set: [String] = []
    ) -> Failure? {
        do {
            _ = try load(toml, environment: environment, flags: flags, set: set)
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test func laterLayersWin() throws {
        let toml = "[training]\nepochs = 3\nseed = 5\n[optimizer]\nlr = 1e-2\n[model]\nhidden = [8, 4]\n"
        #expect(try load(toml).training.epochs == 3)
        #expect(try load(toml).optimizer.lr == 0.01 && load(toml).model.hidden == [8, 4])
        #expect(try load(toml, environment: ["MPI_VAE_EPOCHS": "4"]).training.epochs == 4)
        #expect(try load(toml, environment: ["MPI_VAE_EPOCHS": "4"], set: ["training.epochs=5"]).training.epochs == 5)
        #expect(
            try load(toml, environment: ["MPI_VAE_EPOCHS": "4"], flags: ["epochs": "6"], set: ["training.epochs=5"])
                .training.epochs == 6)
        #expect(try load(toml, flags: ["epochs": "6"]).training.seed == 5)
        #expect(try load(nil) == Configuration())
        #expect(try load(nil).run.report && !load("[run]\nreport = false\n").run.report)
        #expect(try load("[run]\nreport = false\n", flags: ["report": "true"]).run.report)
    }

    @Test func timeLimits() throws {
        let times: [(String, Int?)] = [
            ("90m", 5400), ("2h", 7200), ("3600", 3600), ("45s", 45), ("1d", 86400), ("1-12:00:00", 129_600), ("00:01:30", 90),
            ("0", 0), ("auto", nil),
        ]
        for (text, seconds) in times { #expect(try load(flags: ["time-limit": text]).run.timeLimit == seconds, "\(text)") }
        #expect(try load("[run]\ntime-limit = 3600\n").run.timeLimit == 3600)
        for text in ["", "soon", "-1", "1.5h", "12:30", "1-2", "1-1:1:1:1", "1-1-1:1:1", "m", "2H", "999999999999999"] {
            #expect(failure(flags: ["time-limit": text])?.code == .configuration, "\(text)")
        }
    }

    @Test func whatIsWrittenReadsBack() throws {
        var configuration = Configuration()
        configuration.data.data = "a \"quoted\" \\ path/é.h5:/x"
        configuration.model.hidden = []
        configuration.optimizer.lr = 3.3e-7
        configuration.training.seed = 1 << 50
        #expect(try Configuration(toml: configuration.resolvedTOML(), name: "text") == configuration)
        let identity = configuration.identityTOML()
        #expect(!identity.contains("path") && !identity.contains("threads") && !identity.contains("output"))
        #expect(try Configuration(toml: identity, name: "text").optimizer.lr == 3.3e-7)
    }

    @Test func wrongConfigurationsAreExplained() {
        let cases: [(Failure?, String)] = [
            (failure("[training]\nepoch = 3\n"), "run.toml:2: unknown key 'epoch' in [training]: nearest is 'epochs'"),
            (failure("\n[trainnig]\nepochs = 3\n"), "run.toml:2: unknown section 'trainnig': nearest is [training]"),
            (failure("epochs = 3\n"), "epochs belongs into [training]"),
            (failure("[model]\n# epochs\nepochs = 3\n"), "run.toml:3: 'epochs' belongs into section [training]"),
            (failure("[model]\nlatent = \"many\"\n"), "run.toml:2: latent is 'many', but must be a whole number"),
            (failure("[model]\nlatent = 2.5\n"), "latent is '2.5', but must be a whole number"),
            (failure("[model\nlatent = 2\n"), "not valid TOML"),
            (failure(environment: ["MPI_VAE_EPOCH": "3"]), "unknown variable MPI_VAE_EPOCH: nearest is MPI_VAE_EPOCHS"),
            (failure(set: ["model.latnet=3"]), "unknown key 'latnet' in [model]: nearest is 'latent'"),
            (failure(set: ["latent"]), "must be section.key=value"),
            (failure(flags: ["lr": "nan"]), "--lr is 'nan', but must be a number above 0"),
            (failure(flags: ["lr": "1e999"]), "--lr is '1e999'"), (failure(flags: ["lr": "-1"]), "--lr is '-1'"),
            (failure(flags: ["global-batch": "0"]), "--global-batch is '0', but must be a whole number of at least 1"),
            (failure(flags: ["epochs": "99999999999999999999"]), "--epochs is '99999999999999999999'"),
            (failure(flags: ["likelihood": "bernouli"]), "(nearest: bernoulli)"),
            (failure(flags: ["hidden": "400,x"]), "--hidden is '400,x', but must be sizes such as 512,256"),
            (failure(flags: ["report": "maybe"]), "--report is 'maybe', but must be true or false"),
            (failure(flags: ["precision": "fp8"]), "must be one of fp32"),
            (failure(flags: ["validation-fraction": "1"]), "at least 0 and below 1"),
            (failure(flags: ["validation-fraction": "0.5", "test-fraction": "0.5"]), "leave no rows to train on"),
            (failure(flags: ["validation-fraction": "0.5", "validation-data": "x.h5"]), "cannot both be given"),
        ]
        for (failure, text) in cases {
            #expect(failure?.code == .configuration, "\(text): \(failure?.message ?? "no error")")
            #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "no error") should say: \(text)")
        }
        do {
            _ = try Configuration.load(file: "/none/run.toml", environment: [:], flags: [:], assignments: [])
            Issue.record("a missing file was read")
        } catch {
            #expect((error as? Failure)?.code == .inputMissing)
        }
    }

    @Test func namesAreUnique() {
        let names = ConfigurationKey.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func nearest() {
        #expect(nearestNames(to: "likelyhood", among: ["latent", "likelihood", "lr"])[0] == "likelihood")
        #expect(nearestNames(to: "x", among: []) == [])
    }

    /// Each key sets its own property and no other, and stands in TOML as it is read.
    @Test func everyKeyIsItsOwn() throws {
        let defaults = ConfigurationKey.all.map(\.defaultTOML)
        for (index, key) in ConfigurationKey.all.enumerated() {
            let value =
                switch key.kind {
                case .text, .file: "\"a \\\"b\\\" \\\\ c\""
                case .choice(let choices): "\"\(choices.first { "\"\($0)\"" != key.defaultTOML }!)\""
                case .truth: key.defaultTOML == "true" ? "false" : "true"
                case .integer(let range): "\(range.lowerBound + 6)"
                case .number: "0.25"
                case .sizes: "[7, 5]"
                case .blocks: "[\"dense 7\", \"relu\"]"
                case .columns: "[\"gaussian variance=feature: 0:2,5\", \"categorical 3: 2:5\"]"
                case .seconds: "\"3600\""
                case .bytes: "\"4096\""
                }
            let configuration = try Configuration(toml: "[\(key.section)]\n\(key.name) = \(value)\n", name: "text")
            #expect(value != key.defaultTOML && key.toml(configuration) == value, "\(key.name)")
            let others = ConfigurationKey.all.indices.filter { $0 != index }
            #expect(others.allSatisfy { ConfigurationKey.all[$0].toml(configuration) == defaults[$0] }, "\(key.name)")
        }
    }

    @Test func kindsSayWhatIsAllowed() {
        let kinds: [(ValueKind, String)] = [
            (.choice(["a", "b"]), "one of a, b"), (.integer(1...10), "a whole number of 1 to 10"),
            (.integer(1...1 << 40), "a whole number of at least 1"), (.number([.above(0)]), "a number above 0"),
            (.number([.atLeast(0.5), .below(1)]), "a number at least 0.5 and below 1"),
        ]
        for (kind, text) in kinds { #expect(kind.description == text) }
    }

    /// Values of a preset win over defaults, and all that is given wins over them, whichever source names the model.
    @Test func presetsLieBeneathWhatIsGiven() throws {
        func corruption(
            _ toml: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:], set: [String] = []
        ) throws -> String {
            try load(toml, environment: environment, flags: flags, set: set).model.corruption.rawValue
        }
        let (named, masking) = ("[model]\nmodel = \"denoising\"\n", "[model]\ncorruption = \"masking\"\n")
        #expect(try corruption() == "none")
        #expect(try corruption(named) == "gaussian")
        #expect(try corruption(environment: ["MPI_VAE_MODEL": "denoising"]) == "gaussian")
        #expect(try corruption(set: ["model.model=denoising"]) == "gaussian")
        #expect(try corruption(flags: ["model": "denoising"]) == "gaussian")
        // From below the source that names it, and from above.
        #expect(try corruption(masking, flags: ["model": "denoising"]) == "masking")
        #expect(try corruption(environment: ["MPI_VAE_CORRUPTION": "masking"], set: ["model=denoising"]) == "masking")
        #expect(try corruption(named, flags: ["corruption": "masking"]) == "masking")
        // Of several models the last is meant, and those before it have no say.
        #expect(try corruption(named, flags: ["model": "ae"]) == "none")
        #expect(try corruption("[model]\nmodel = \"ae\"\n", environment: ["MPI_VAE_MODEL": "denoising"]) == "gaussian")
    }

    @Test func presetsAreConfigurations() throws {
        #expect(
            Preset.allCases.map(\.rawValue) == [
                "ae", "vae", "denoising", "beta-vae", "cvae", "scvi", "scanvi", "mult-vae", "prodlda", "iwae", "miwae", "pca",
            ])
        for preset in Preset.allCases {
            let configuration = try load(flags: ["model": preset.rawValue])
            #expect(configuration.model.model == preset)
            #expect(preset.values["model"] == nil && preset.toml.count == preset.values.count)
            for key in ConfigurationKey.all where key.name != "model" && preset.values[key.name] == nil {
                #expect(key.toml(configuration) == key.defaultTOML, "\(preset.rawValue): \(key.name)")
            }
            // What is written is resolved, and read as it stands.
            let text = configuration.resolvedTOML()
            for line in preset.toml { #expect(text.contains("\n\(line)\n")) }
            #expect(try Configuration(toml: text, name: "text") == configuration)
        }
        #expect(try load(flags: ["model": "vae"]) == Configuration(), "the defaults are those of the default model")
    }

    /// What is a map of convolutions, and what is none.
    @Test func maps() throws {
        func map(_ row: [Int], _ flags: [String: String]) throws -> [Int]? { try load(flags: flags).map(row)?.shape.sizes }
        #expect(try map([100, 30], ["network": "conv1d"]) == [100, 30] && map([100], ["network": "conv1d"]) == [100, 1])
        #expect(
            try map([8, 9, 10], ["network": "conv3d"]) == [8, 9, 10, 1]
                && map([8, 9, 10, 4], ["network": "conv3d"]) == [8, 9, 10, 4])
        for row in [[5, 6, 7], []] { #expect(throws: (any Error).self) { try map(row, ["network": "conv1d"]) } }
        #expect(try map([784], ["encoder": "dense 8"]) == nil && map([28, 28], ["encoder": "dense 8"]) == nil)
        #expect(try map([28, 28], ["encoder": "conv 8 k3"]) == [28, 28, 1])
        #expect(try map([28], ["encoder": "conv 8 k3", "layout": "t"]) == [28, 1])
        var configuration = try load(flags: ["network": "conv", "channels": "8,16", "hidden": "32"])
        #expect(try configuration.modelSpecification(rowShape: [28, 28]).networks != nil)
        configuration.model.channels = [8, 8, 8, 8, 8, 8]
        #expect(throws: Failure.self) { try configuration.modelSpecification(rowShape: [28, 28]) }
        #expect(try load().modelSpecification(rowShape: [28, 28]).networks == nil)
        for network in NetworkKind.allCases where ![.mlp, .scvi, .clicks, .topics, .attention].contains(network) {
            let shape = network == .conv3d ? [16, 16, 16] : [28, 28]
            let flags = ["network": network.rawValue, "channels": "4,8", "hidden": "16", "normalization": "batch"]
            let blocks = try #require(try load(flags: flags).modelSpecification(rowShape: shape).networks).encoder.blocks
            #expect(blocks[0].text.hasSuffix("k4 s2 p1, batch-norm, relu") && blocks.last?.text == "dense 16, batch-norm, relu")
            #expect(blocks.count == (network == .resnet ? 5 : 3))
        }
    }

    /// Lists of blocks, as flags and as files have them.
    @Test func listsOfBlocks() throws {
        let text = "conv 8 k4 s2 p1, batch-norm, relu, residual (conv 8 k3 p1, relu, conv 8 k1), dense 16"
        let configuration = try load(flags: ["encoder": text.replacing(", ", with: ",  ")])
        #expect(configuration.model.encoder == text)
        #expect(
            configuration.resolvedTOML().contains(
                "\nencoder = [\"conv 8 k4 s2 p1\", \"batch-norm\", \"relu\", \"residual (conv 8 k3 p1, relu, conv 8 k1)\", \"dense 16\"]\ndecoder = []\n"
            ))
        let networks = try #require(try configuration.modelSpecification(rowShape: [28, 28]).networks)
        #expect(networks.encoder.input.sizes == [28, 28, 1] && networks.decoder.count == 4)
        let fault = #expect(throws: Failure.self) { try load(flags: ["encoder": "conv 8 k4, rel"]) }
        #expect(
            fault?.code == .configuration && fault?.message.hasPrefix("--encoder item 2, \"rel\": there is no \"rel\"") == true)
        // What does not fit is told with the table up to there.
        let wrong = try load(flags: ["encoder": "conv 8 k4 s2 p1, conv 8 k20"])
        let failure = #expect(throws: Failure.self) { try wrong.modelSpecification(rowShape: [28, 28]) }
        let lines = failure?.message.split(separator: "\n").map(String.init) ?? []
        #expect(failure?.code == .configuration && lines.count == 4 && lines[2].hasPrefix("encoder/0  conv 8 k4 s2 p1  14x14x8 "))
        let own = try load(flags: ["decoder": "dense 20, relu, dense 784", "hidden": "7"]).modelSpecification(rowShape: [784])
        #expect(own.networks?.encoder.blocks.map(\.text) == ["dense 7, relu"] && own.networks?.decoder.count == 2)
    }

    /// One word in place of a list.
    @Test func linearDecoder() throws {
        let configuration = try load(flags: ["model": "scvi", "decoder": "linear"])
        #expect(configuration.resolvedTOML().contains("\ndecoder = \"linear\"\n"))
        #expect(try Configuration(toml: configuration.resolvedTOML(), name: "text") == configuration)
        #expect(try load("[model]\ndecoder = \"linear\"\n").model.decoder == "linear")
        let model = try configuration.modelSpecification(rowShape: [30])
        // Mean and zeros.
        #expect(model.networks?.decoder.first?.text == "dense 60" && model.networks?.encoder.blocks.count == 3)
        for flags in [["encoder": "linear"], ["decoder": "linear, relu"]] {
            #expect(throws: Failure.self) { try load(flags: flags) }
        }
    }

    /// What only the objective with classes knows.
    @Test func classes() throws {
        let configuration = try load(flags: ["model": "scanvi", "unlabeled": "Unknown", "classification-ratio": "9"])
        let model = try configuration.modelSpecification(rowShape: [30], classes: 5)
        #expect(model.classes == ClassSpecification(count: 5, hiddenSize: 128, classificationWeight: 9))
        #expect(
            try load(flags: ["objective": "semi-supervised"]).modelSpecification(rowShape: [9], classes: 2).classes?.hiddenSize
                == 400)
        for flags in [
            ["unlabeled": "Unknown"], ["model": "scvi", "classification-ratio": "1"],
            ["model": "ae", "objective": "semi-supervised"],
            ["model": "scanvi", "classification-ratio": "-1"],
        ] { #expect(failure(flags: flags)?.code == .configuration) }
    }

    /// What only shares know.
    @Test func concentration() throws {
        #expect(
            try load(flags: ["model": "prodlda", "concentration": "0.1"]).modelSpecification(rowShape: [9]).concentration == 0.1)
        for flags in [
            ["concentration": "0.1"], ["model": "prodlda", "latent": "1"], ["model": "prodlda", "concentration": "0"],
        ] {
            #expect(failure(flags: flags)?.code == .configuration)
        }
    }

    /// A model denoising without corruption is none. In what runs of earlier versions wrote it is gaussian.
    @Test func denoisingWithoutCorruption() throws {
        let text = "[model]\nmodel = \"denoising\"\ncorruption = \"none\"\n"
        let refused = "corruption is none, but a denoising model restores rows"
        for failure in [
            failure(text), failure(flags: ["model": "denoising", "corruption": "none"]),
            failure("[model]\ncorruption = \"none\"\n", environment: ["MPI_VAE_MODEL": "denoising"]),
            failure(text + "[origin]\n", set: ["corruption=none"]),
        ] {
            #expect(
                failure?.code == .configuration && failure?.message.hasPrefix(refused) == true, "\(String(describing: failure))")
        }
        let now = try load(flags: ["model": "denoising"])
        // The text of a checkpoint; config.toml of a run; the same for --config, and what is given beside it.
        #expect(try Configuration(toml: text, name: "checkpoint") == now)
        #expect(try Configuration(toml: "[model]\nmodel = \"denoising\"\n", name: "checkpoint") == now)
        #expect(try load(text + "[origin]\ndata = \"/x.h5\"\n") == now)
        #expect(try load(text + "[origin]\n", flags: ["corruption": "masking"]).model.corruption == .masking)
        // Others mean what they say.
        #expect(try Configuration(toml: text.replacing("denoising", with: "ae"), name: "checkpoint").model.corruption == .none)
        #expect(try Configuration(toml: text.replacing("none", with: "masking"), name: "text").model.corruption == .masking)
    }

    /// docs/configuration.md has every key with its values and default, and every preset, and no other.
    @Test func documented() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
        let presets = Preset.allCases.map { preset in
            let values = preset.toml.map { "`\($0)` " }.joined()
            return "| `\(preset.rawValue)` | \(values)| \(preset.help) |"
        }
        let keys = ConfigurationKey.all.map { "| `\($0.name)` | \($0.kind) | \($0.defaultTOML) | \($0.help) |" }
        #expect(lines.count == presets.count + keys.count)
        for (line, expected) in zip(lines, presets + keys) { #expect(line == expected) }
    }
}
