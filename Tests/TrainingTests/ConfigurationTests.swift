import Foundation
import TestSupport
import Testing
import Training

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

    /// docs/configuration.md has every key with its default, and no other.
    @Test func documented() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(lines.count == ConfigurationKey.all.count)
        for (line, key) in zip(lines, ConfigurationKey.all) {
            let expected = "| `\(key.name)` | \(key.toml(Configuration())) | \(key.help) |"
            #expect(line == expected)
        }
    }
}
