import Foundation
import Support
import Testing
import Training

struct GuessedNameTests {
    private static let keys = ConfigurationKey.all.map(\.name)

    @Test func whatPeopleType() {
        let guesses = [
            ("learning-rate", "lr"), ("learning_rate", "lr"), ("learningRate", "lr"), ("batch-size", "global-batch"),
            ("batch_size", "global-batch"),
            ("bs", "global-batch"), ("latent-dim", "latent"), ("latent_dim", "latent"), ("z_dim", "latent"),
            ("n-latent", "latent"),
            ("latentDim", "latent"), ("max-epochs", "epochs"), ("num_epochs", "epochs"), ("n-epochs", "epochs"),
            ("layers", "hidden"),
            ("hidden-dims", "hidden"), ("hidden_size", "hidden"), ("patience", "early-stopping"),
            ("val-fraction", "validation-fraction"),
            ("val_split", "validation-fraction"), ("val-data", "validation-data"), ("o", "output"), ("out", "output"),
            ("output-dir", "output"),
            ("loss", "likelihood"), ("optim", "optimizer"), ("kl-weight", "beta"), ("dtype", "precision"),
            ("random-state", "seed"),
            ("num-workers", "reader-threads"), ("resume-from-checkpoint", "resume"), ("checkpoint", "resume"), ("cv", "folds"),
            ("target-sum", "library-size"), ("max_steps", "max-steps"), ("Global-Batch", "global-batch"),
            ("globalbatch", "global-batch"),
            ("label-key", "labels"), ("gradient-clip", "clip-norm"), ("walltime", "time-limit"), ("standardize", "scale"),
        ]
        for (guess, key) in guesses {
            for typed in [guess, "--\(guess)"] {
                #expect(GuessedNames.hint(for: typed, among: Self.keys) == "it is '\(key)'", "\(typed)")
            }
        }
        for (guess, key) in [
            ("epoch", "epochs"), ("latnet", "latent"), ("likelyhood", "likelihood"), ("optimiser", "optimizer"),
            ("--dat", "data"),
        ] {
            #expect(GuessedNames.hint(for: guess, among: Self.keys) == "nearest is '\(key)'", "\(guess)")
        }
        for (guess, text) in [
            ("device", "processors alone"), ("gpus", "processors alone"), ("nproc", "mpirun -n N"),
            ("dropout", "--corruption masking"),
            ("verbose", "stderr"), ("overwrite", "--resume never"), ("wandb", "metrics.csv"),
        ] { #expect(GuessedNames.hint(for: guess, among: Self.keys)?.contains(text) == true, "\(guess)") }
    }

    /// What is like nothing is told to be like nothing.
    @Test func noNonsense() {
        for name in [
            "xyz", "foo", "banana", "q9", "wibble", "frobnicate", "zz", "ü", "-", "", "reticulate-splines", "abcdefghijkl",
        ] {
            #expect(GuessedNames.hint(for: name, among: Self.keys) == nil, "\(name)")
            #expect(nearestName(to: name, among: Self.keys) == nil, "\(name)")
        }
        #expect(nearestName(to: "x", among: []) == nil)
        // Every name in the table is one of ours, and nothing in it is one already.
        for key in Self.keys { #expect(GuessedNames.hint(for: key, among: Self.keys) == "it is '\(key)'") }
    }

    @Test func commands() {
        let names = [
            "train", "sweep", "embed", "evaluate", "reconstruct", "generate", "score", "impute", "import", "inspect", "check",
            "bench", "config",
        ]
        for (guess, command) in [
            ("fit", "train"), ("encode", "embed"), ("transform", "embed"), ("sample", "generate"), ("decode", "generate"),
            ("predict", "embed"),
            ("test", "evaluate"), ("anomaly", "score"), ("convert", "import"), ("info", "inspect"), ("trian", "train"),
            ("benchmark", "bench"),
        ] { #expect(GuessedNames.hint(forCommand: guess, among: names)?.contains("'\(command)'") == true, "\(guess)") }
        #expect(GuessedNames.hint(forCommand: "banana", among: names) == nil)
    }

    /// The same in a file, in `--set`, and in variables.
    @Test func everywhere() throws {
        func message(_ file: String? = nil, environment: [String: String] = [:], set: [String] = []) -> String {
            do {
                if let file { _ = try Configuration(toml: file, name: "run.toml") }
                _ = try Configuration.load(file: nil, environment: environment, flags: [:], assignments: set)
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message("[training]\nlearning_rate = 1\n").contains(
                "run.toml:2: unknown key 'learning_rate' in [training]: it is 'lr' in [optimizer]"))
        #expect(message("[trainig]\nx = 1\n").contains("nearest is [training]"))
        #expect(message("batch_size = 3\n").contains("unknown section 'batch_size': it is 'global-batch' in [training]"))
        #expect(message("[banana]\nx = 1\n").contains("there are [data], [model]"))
        #expect(message("[training]\nbanana = 1\n").contains("`mpi-vae config` shows all keys"))
        #expect(
            message(environment: ["MPI_VAE_LEARNING_RATE": "1"]).contains(
                "unknown variable MPI_VAE_LEARNING_RATE: it is MPI_VAE_LR"))
        #expect(message(environment: ["MPI_VAE_EPOCH": "1"]).contains("nearest is MPI_VAE_EPOCHS"))
        #expect(message(environment: ["MPI_VAE_BANANA": "1"]).contains("`mpi-vae config` shows all keys"))
        #expect(
            message(set: ["latent-dim=3"]).contains("--set latent-dim=3: unknown key 'latent-dim': it is 'latent' in [model]"))
        #expect(message(set: ["model.latent_dim=3"]).contains("unknown key 'latent_dim' in [model]: it is 'latent' in [model]"))
        #expect(message(set: ["training.lr=3"]).contains("'lr' belongs into section [optimizer]"))
        for set in ["latent=7", "model.latent=7"] {
            #expect(try Configuration.load(file: nil, environment: [:], flags: [:], assignments: [set]).model.latent == 7)
        }
    }

    /// What other programs call a choice.
    @Test func values() {
        func message(_ key: String, _ value: String) -> String {
            do { _ = try Configuration.load(file: nil, environment: [:], flags: [key: value], assignments: []) } catch {
                return "\(error)"
            }
            return ""
        }
        for (key, value, nearest) in [
            ("activation", "ReLU", "relu"), ("activation", "LeakyReLU", "leaky-relu"), ("likelihood", "bce", "bernoulli"),
            ("likelihood", "normal", "gaussian"),
            ("scale", "standard", "standardize"), ("scale", "minmax", "min-max"), ("optimizer", "Adam", "adam"),
            ("precision", "float32", "fp32"),
            ("model", "autoencoder", "ae"), ("transform", "log", "log1p"), ("initialization", "xavier", "glorot"),
        ] { #expect(message(key, value).contains("(nearest: \(nearest))"), "\(key) \(value): \(message(key, value))") }
        #expect(!message("activation", "banana").contains("nearest"))
    }

    /// Numbers that are none end with 78 in every key that is a number.
    @Test func numbers() {
        for key in ConfigurationKey.all where !key.kind.isText {
            for value in ["-1", "9223372036854775808", "nan", "inf", "-inf", "1e999", "", " ", "1,2", "１"] {
                do {
                    _ = try Configuration.load(file: nil, environment: [:], flags: [key.name: value], assignments: [])
                    // Sizes of layers are several numbers, and no parts of a table are none.
                    let isList = ["hidden", "channels"].contains(key.name) && value == "1,2"
                    let isNone = key.name == "likelihoods" && ["", " "].contains(value)
                    #expect(isList || isNone, "\(key.name) takes '\(value)'")
                } catch {
                    let failure = error as? Failure
                    #expect(
                        failure?.code == .configuration && failure?.message.contains("--\(key.name) ") == true,
                        "\(key.name) '\(value)': \(error)")
                }
            }
        }
    }
}
