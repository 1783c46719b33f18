import Foundation
import TestSupport

/// Small models of all kinds, with what is exported of each.
struct ExportCase {
    let name: String
    /// The data set in the file of ``ExportCases/data``.
    let data: String
    /// Further flags of `train`, as in a shell.
    let flags: String
    var parts = ["both"]
}

enum ExportCases {
    /// Autoencoders, whose loss is -log p(x | z) at the code, so that it can be computed from what the decoder gives.
    static let likelihoods: [ExportCase] = [
        ("unit", "bernoulli", ""), ("unit", "continuous-bernoulli", ""), ("kinds", "categorical", "--categories 4"),
        ("signed", "gaussian", "--likelihood-scale 0.5"), ("signed", "gaussian", "--variance shared"),
        ("signed", "gaussian", "--variance feature"), ("signed", "gaussian", "--variance value"),
        ("signed", "gaussian-learned", ""),
        ("signed", "laplace", "--likelihood-scale 0.7"), ("positive", "log-normal", "--likelihood-scale 0.6"),
        ("positive", "log-normal", "--variance value"), ("positive", "log-normal", "--variance shared"), ("signed", "mse", ""),
        ("counts", "multinomial", ""), ("counts", "nb", ""), ("counts", "nb", "--dispersion cell"), ("counts", "poisson", ""),
        ("signed", "student-t", "--degrees 3 --likelihood-scale 0.8"), ("counts", "zinb", ""),
        ("counts", "nb", "--dispersion gene-batch --condition /batch"),
        ("counts", "zinb", "--dispersion cell"), ("grades", "ordinal", "--categories 4"),
        ("pixels", "discretized-logistic", "--binarize none"),
        ("pixels", "discretized-logistic", "--components 3 --binarize none"),
    ].enumerated().map { number, item in
        ExportCase(
            name: "likelihood-\(number)", data: item.0, flags: "--model ae --hidden 10 --likelihood \(item.1) \(item.2)",
            parts: ["decoder"])
    }

    static let networks: [ExportCase] = [
        ExportCase(
            name: "mlp", data: "signed", flags: "--likelihood gaussian --hidden 12,8 --normalization layer --activation tanh"),
        ExportCase(name: "linear", data: "signed", flags: "--likelihood gaussian --hidden none --variance-floor 0.1"),
        ExportCase(name: "conv", data: "pixels", flags: "--network conv --channels 4,6 --hidden 12 --normalization batch"),
        ExportCase(name: "resnet", data: "pixels", flags: "--network resnet --channels 4,6 --hidden none --normalization group"),
        ExportCase(name: "conv1d", data: "series", flags: "--network conv1d --layout tf --channels 4,6 --hidden 9"),
        ExportCase(name: "conv3d", data: "volumes", flags: "--network conv3d --channels 3,4 --hidden 9 --normalization position"),
        ExportCase(name: "attention", data: "pixels", flags: "--network attention --channels 16,32 --hidden 9 --activation gelu"),
        ExportCase(
            name: "scvi", data: "counts", flags: "--model scvi --hidden 12 --condition /batch",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(
            name: "topics", data: "counts", flags: "--model prodlda --hidden 12 --latent 4",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(name: "clicks", data: "counts", flags: "--model mult-vae --hidden 12", parts: ["both", "decoder"]),
        ExportCase(
            name: "planar", data: "planar",
            flags: "--network conv --channels 5 --hidden 9 --layout chw --likelihood gaussian-learned"),
        ExportCase(
            name: "activations", data: "signed",
            flags:
                "--likelihood gaussian --encoder 'symlog, dense 9, elu, dense 8, leaky-relu, dense 9, sigmoid, dense 8, relu, dense 9, gelu, dense 8, silu, "
                + "dense 9, tanh, dense 8, symlog, dense 9, softplus, softmax, unit-norm' --decoder 'dense 9, layer-norm, silu, dense 12'"
        ),
        ExportCase(
            name: "list", data: "pixels",
            flags: "--encoder 'conv 8 k4 s2 p1, batch-norm m0.2, relu, residual (conv 8 k3 p1, silu, conv 8 k3 p1, batch-norm), "
                + "group-norm 2, tanh, dropout 0.1, conv 12 k3 s2 p1, batch-norm, relu, global-pool, dropout 0.2, dense 9, layer-norm'"
        ),
        ExportCase(
            name: "windows", data: "odd",
            flags:
                "--layout hwc --encoder 'conv 8 k3 p2 d2, relu, conv 8 k3x5 p1x2 g4, relu, max-pool k3 s2 p1, average-pool k3 s2 p1, "
                + "interpolate 5x6x8, residual (conv 6 k3 s2 p1, relu), tokens, positions sinusoidal, residual (position-norm, "
                + "attention 2), shape 3x3x6, interpolate 2x2x6, dense 9' --decoder 'dense 3x3x8, relu, transposed-conv 6 k4 s2 p1, "
                + "resize 12x11x6, interpolate 7x8x6, transposed-conv 8 k3 d2 g2 p1, silu, transposed-conv 32x31x4 k2 s3, "
                + "average-pool k3 d2, resize 13x11x4, conv 2 k1'"),
        ExportCase(name: "batches", data: "pixels", flags: "--network conv --channels 4 --hidden 8 --condition /batch,/age"),
    ]

    /// What is done to rows, what they miss, what they are conditioned on.
    static let preparations: [ExportCase] = [
        ExportCase(
            name: "wide", data: "wide", flags: "--hidden 9 --scale standardize --likelihood gaussian",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(name: "limits", data: "signed", flags: "--hidden 9 --scale min-max --binarize none --likelihood bernoulli"),
        ExportCase(
            name: "libraries", data: "counts",
            flags:
                "--hidden 9 --library-size 1000 --transform log1p --scale standardize --scale-by global --clip 2 --likelihood gaussian",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(
            name: "sums", data: "holes", flags: "--hidden 9 --library-size 10 --nan mask --likelihood gaussian",
            parts: ["decoder", "both"]),
        ExportCase(name: "binary", data: "pixels", flags: "--hidden 9 --binarize fixed --threshold 0.3"),
        ExportCase(
            name: "holes", data: "holes", flags: "--hidden 9 --nan mask --scale standardize --likelihood gaussian",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(
            name: "image-holes", data: "images",
            flags: "--network conv --channels 4 --hidden 9 --nan mask --likelihood gaussian-learned"),
        ExportCase(name: "count-holes", data: "somecounts", flags: "--hidden 9 --nan mask --likelihood zinb"),
        ExportCase(
            name: "ages", data: "signed",
            flags: "--hidden 9 --condition /batch,/age --condition-in decoder --likelihood gaussian",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(
            name: "encoded", data: "signed", flags: "--hidden 9 --condition /age --condition-in encoder --likelihood gaussian",
            parts: ["encoder", "decoder", "both"]),
    ]

    /// Columns of several kinds.
    static let tables: [ExportCase] = [
        ExportCase(
            name: "table", data: "table",
            flags: "--hidden 9 --likelihoods 'gaussian variance=feature: 0,5; poisson: 2; zinb: 6; categorical: 1,4; ordinal: 3'",
            parts: ["encoder", "decoder", "both"]),
        ExportCase(
            name: "table-holes", data: "sometable",
            flags:
                "--hidden 9 --nan mask --scale min-max --clip 2 --likelihoods 'laplace: 0; student-t: 5; nb dispersion=cell: 2,6; "
                + "categorical 4: 1; bernoulli: 4; ordinal 6: 3'",
            parts: ["encoder", "decoder", "both"]),
    ]

    static let all = likelihoods + networks + preparations + tables

    /// All data sets in one file, 40 rows each.
    static let data = """
        import h5py, numpy as np, sys
        g, n = np.random.default_rng(5), 40
        with h5py.File(sys.argv[1], "w") as f:
            base = g.normal(size=(n, 2)) @ g.normal(size=(2, 12)) + 0.3 * g.normal(size=(n, 12))
            f["signed"] = base.astype("f4")
            f["unit"] = (1 / (1 + np.exp(-base))).astype("f4")
            f["positive"] = np.exp(0.5 * base).astype("f4")
            f["wide"] = 1e6 + base * np.linspace(0.1, 30, 12)
            f["kinds"] = np.eye(4)[g.integers(0, 4, (n, 3))].reshape(n, 12).astype("f4")
            f["counts"] = g.poisson(np.exp(1 + base)).astype("i2")
            holes = np.abs(base).astype("f4") + 0.1
            holes[g.random((n, 12)) < 0.2] = np.nan
            f["holes"] = holes
            counts = f["counts"][()].astype("f4")
            counts[g.random((n, 12)) < 0.2] = np.nan
            f["somecounts"] = counts
            f["grades"] = np.digitize(base, [-0.5, 0.2, 1]).astype("f4")
            table = np.stack([base[:, 0], f["grades"][:, 1] % 3, counts[:, 2], f["grades"][:, 3], base[:, 4] > 0, base[:, 5], f["counts"][:, 3]], 1)
            f["sometable"] = table.astype("f4")
            table[:, 2] = f["counts"][:, 2]
            f["table"] = table.astype("f4")
            f["pixels"] = g.integers(0, 256, (n, 12, 12)).astype("u1")
            images = g.normal(size=(n, 9, 8)).astype("f4")
            images[g.random((n, 9, 8)) < 0.2] = np.nan
            f["images"] = images
            f["odd"] = g.random((n, 13, 11, 2)).astype("f4")
            f["planar"] = g.normal(size=(n, 2, 9, 9)).astype("f4")
            f["series"] = g.random((n, 24, 3)).astype("f4")
            f["volumes"] = g.random((n, 6, 7, 8)).astype("f4")
            f.create_dataset("batch", data=[["late", "early", "mid"][i % 3] for i in range(n)], dtype=h5py.string_dtype())
            f["age"] = g.normal(50, 10, n)
        """

    /// What onnxruntime makes of the files, against what the program wrote: the arguments are a folder and, for each model, its name, data set,
    /// parts, and flags.
    static let comparison = #"""
        import h5py, json, numpy as np, onnx, onnxruntime as ort, sys
        from scipy.special import gammaln, xlogy
        from mpivae import Network, Run
        folder, cases = sys.argv[1], json.loads(sys.argv[2])
        data = h5py.File(f"{folder}/data.h5")
        ort.set_default_logger_severity(3)
        worst = {"onnxruntime": 0.0, "numpy": 0.0}

        def agree(name, what, own, theirs):
            # Of numbers that are small because they cancel, as much as of the largest ones; in double precision what all have in common is no excuse.
            scale = np.ptp(theirs) if own.dtype == "f8" and theirs.dtype == "f8" else np.abs(theirs).max()
            own, theirs = np.asarray(own, "f8").reshape(len(own), -1), np.asarray(theirs, "f8").reshape(len(theirs), -1)
            assert own.shape == theirs.shape, (name, what, own.shape, theirs.shape)
            error = np.abs(own - theirs).max() / scale
            assert error < 1e-5, (name, what, error)
            worst["onnxruntime"] = max(worst["onnxruntime"], error)

        def agree_in_numpy(name, what, own, theirs):
            """The reader in python/mpivae, by the root mean square."""
            assert own.shape == theirs.shape, (name, what, own.shape, theirs.shape)
            own, theirs = own.astype("f8"), theirs.astype("f8")
            # What all values have in common is no excuse in double precision.
            rms = np.sqrt(np.mean(theirs ** 2)) if name != "wide" else theirs.std()
            error = np.abs(own - theirs).max() / rms if rms > 0 else np.abs(own).max()
            assert error < 1e-5, (name, what, error)
            worst["numpy"] = max(worst["numpy"], error)

        def loss(flags, x, v):
            """-log p(x | z) of each row by the likelihood's definition in docs/models.md."""
            word = lambda key, usual: flags.split(f"--{key} ")[1].split()[0] if f"--{key} " in flags else usual
            kind, scale = word("likelihood", ""), float(word("likelihood-scale", "1"))
            if "log_variance" in v: scale = np.exp(v["log_variance"] / 2)
            m = v["mean"]
            if kind == "bernoulli":
                l = v["logits"]
                return np.maximum(l, 0) - l * x + np.log1p(np.exp(-np.abs(l)))
            if kind == "continuous-bernoulli":
                l = v["logits"]
                return np.log((np.exp(l) - 1) / l) - l * x
            if kind == "categorical": return -xlogy(x, m)
            if kind in ("gaussian", "gaussian-learned"): return ((x - m) / scale) ** 2 / 2 + np.log(scale) + np.log(2 * np.pi) / 2
            if kind == "laplace": return np.abs(x - m) / scale + np.log(2 * scale)
            if kind == "log-normal":
                assert np.allclose(m, np.exp(v["location"] + scale ** 2 / 2), rtol=1e-5)
                return ((np.log(x) - v["location"]) / scale) ** 2 / 2 + np.log(scale) + np.log(x) + np.log(2 * np.pi) / 2
            if kind == "mse": return (x - m) ** 2
            if kind == "student-t":
                n = float(word("degrees", ""))
                c = gammaln(n / 2) - gammaln((n + 1) / 2) + np.log(scale) + np.log(n * np.pi) / 2
                return (n + 1) / 2 * np.log1p(((x - m) / scale) ** 2 / n) + c
            sigmoid = lambda t: 1 / (1 + np.exp(-t))
            if kind == "ordinal":
                below = [sigmoid(v[f"threshold_{k}"] - v["location"]) for k in (1, 2, 3)]
                shares = np.diff([0 * x, *below, 1 + 0 * x], axis=0)
                assert (m == shares.argmax(0)).all()
                return -np.log(np.take_along_axis(shares, x[None].astype(int), 0)[0])
            if kind == "discretized-logistic":
                count = int(word("components", "5"))
                logits, centres, scales = (np.stack([v[f"{n}_{i + 1}"] for i in range(count)]) for n in ("logits", "location", "log_scale"))
                weights = np.exp(logits) / np.exp(logits).sum(0)
                upTo = lambda y: sigmoid((y - centres) * np.exp(-scales))
                low, high = np.where(x == 0, 0, upTo(2 * x - 1 - 1 / 255)), np.where(x == 1, 1, upTo(2 * x - 1 + 1 / 255))
                return -np.log((weights * (high - low)).sum(0))
            share = np.exp(v["logits"] - v["logits"].max(1, keepdims=True))
            mean = share / share.sum(1, keepdims=True) * x.sum(1, keepdims=True)
            if kind == "poisson": return mean - xlogy(x, mean) + gammaln(x + 1)
            if kind == "multinomial":
                own = gammaln(x + 1) - xlogy(x, mean / x.sum(1, keepdims=True))
                own[:, 0] -= gammaln(x.sum(1) + 1)
                return own
            c = np.exp(v["log_dispersion"])
            nb = gammaln(c) + gammaln(x + 1) - gammaln(x + c) - c * np.log(c / (c + mean)) - xlogy(x, mean / (c + mean))
            if kind == "nb": return nb
            zero = 1 / (1 + np.exp(-v["zero_logits"]))
            assert np.allclose(m, (1 - zero) * mean, rtol=1e-5)
            return -np.log(zero * (x == 0) + (1 - zero) * np.exp(-nb))

        def session(path):
            onnx.checker.check_model(path, full_check=True)
            s = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
            for port in s.get_inputs() + s.get_outputs(): assert port.shape[0] == "batch", port
            for info in list(onnx.load(path).graph.input) + list(onnx.load(path).graph.output): assert len(info.doc_string) > 10
            return s

        types = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(int64)": "i8"}
        def run(s, given, rows=slice(None)):
            feed = {i.name: given[i.name][rows].astype(types[i.type]) for i in s.get_inputs()}
            return dict(zip([o.name for o in s.get_outputs()], s.run(None, feed)))

        for name, dataset, parts, flags in cases:
            x = data[dataset][()]
            x = x.reshape(len(x), -1) / (255.0 if x.dtype == np.uint8 else 1)
            embedded, made = h5py.File(f"{folder}/{name}/embeddings.h5"), h5py.File(f"{folder}/{name}.h5")["data"][()]
            code, variance = embedded["latent/mean"][()], embedded["latent/log_variance"][()]
            given = {"rows": x, "mask": 1.0 * ~np.isnan(x), "z": code, "library": np.nansum(x, 1)}
            for part in parts:
                s = session(f"{folder}/{name}-{part}.onnx")
                meta = s.get_modelmeta().custom_metadata_map
                assert meta["part"] == part and len(meta["digest"]) == 64 and "[model]" in meta["configuration"]
                for c in json.loads(meta.get("conditions", "[]")):
                    values = data[c["name"]]
                    given[c["name"]] = (
                        np.array([c["categories"].index(v) for v in values.asstr()[()]]) if "categories" in c else values[()])
                out = run(s, given)
                for key, own in Network(f"{folder}/{name}-{part}.onnx").run(given).items():
                    assert own.dtype == out[key].dtype, (name, key)
                    agree(name, f"{part} {key} in numpy", own, out[key])
                if part != "decoder":
                    agree(name, "mean", out["code" if "code" in out else "mean"], code)
                    if "log_variance" in out: agree(name, "variance", np.exp(out["log_variance"]), np.exp(variance))
                if part == "both": agree(name, "reconstruction", out["reconstruction"], made)
                if part == "decoder":
                    agree(name, "decoded", out["mean"], made)
                    for v in out.values(): assert ("--likelihoods" in flags or v.shape == x.shape) and np.isfinite(v).all()
                    if "--model ae" in flags:
                        own = loss(flags, x.astype("f8"), {k: v.astype("f8") for k, v in out.items()})
                        agree(name, "loss", own.sum(1), embedded["reconstruction_error"][()])
                # Rows do not know of each other; none is possible too.
                one = run(s, given, slice(3, 4))
                for key in out: assert np.allclose(one[key], out[key][3:4], rtol=1e-4, atol=1e-5), (name, key)
            # The folder of the run by itself, of rows as they stand in the file.
            reader, rows = Run(f"{folder}/{name}"), data[dataset][()]
            conditions = {c["name"]: data[c["name"]][()] for c in json.loads(meta.get("conditions", "[]"))}
            agree_in_numpy(name, "encode", reader.encode(rows, conditions=conditions), code)
            # Of counts that are missing the others' sum is that of their columns alone, which the decoder does not know.
            if dataset != "somecounts":
                agree_in_numpy(name, "decode", reader.decode(code, conditions=conditions, library=given["library"]).reshape(made.shape), made)
            print(name, "agrees")
        print("worst", worst)
        # A category that there is not is an error.
        for wrong in (-1, 3):
            try:
                s = session(f"{folder}/ages-decoder.onnx")
                s.run(None, {"z": code[:1, :2].astype("f4"), "/batch": np.array([wrong]), "/age": np.array([1], "f4")})
            except Exception as e:
                assert "out of" in str(e), e
            else:
                raise SystemExit(f"category {wrong} was taken")
        """#
}
