"""Digests of all that the program computes, for many models: they stay the same from commit to commit and on every machine, but for a commit
that raises the number of the arithmetic (docs/reproducibility.md).

    python3 golden.py PROGRAM [--only CASE,...] [--write] [--arrays]

Compares with digests.txt and ends with 1 where anything differs; --write makes the file anew, --arrays shows each array's digest, to compare
two programs by hand. Several ranks are started by mpirun.
"""

import argparse
import csv
import glob
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import h5py

import golden_data

HERE = pathlib.Path(__file__).parent
DIGESTS = HERE / "digests.txt"
# Columns of metrics.csv; the others are times.
METRICS = [
    "epoch", "step", "train_loss", "validation_elbo", "validation_reconstruction", "validation_kl", "learning_rate", "beta", "digest",
]

EVALUATE = ["evaluate", "--samples", "7", "--json"]
SCORE = ["score", "--samples", "3", "--normal", "0,1", "--quantile", "0.9", "--json", "--output", "scores.h5"]
FIGURES = ["evaluate", "--json"]
ERRORS = ["score", "--normal", "0,1", "--json", "--output", "scores.h5"]
EMBED = ["embed", "--output", "codes.h5"]
RECONSTRUCT = ["reconstruct", "--output", "reconstructions.h5"]
IMPUTE = ["impute", "--draws", "2", "--samples", "9", "--output", "imputed.h5"]
SAMPLES = ["generate", "--count", "9", "--output", "samples.h5"]
MIXTURE = ["generate", "--from", "mixture", "--components", "3", "--count", "9", "--output", "mixture.h5"]
TRAVERSAL = ["generate", "--traverse", "--steps", "3", "--output", "traversal.h5"]
WAY = ["generate", "--interpolate", "3,17", "--spherical", "--output", "way.h5"]
LABELLED = ["generate", "--label", "2", "--count", "5", "--output", "labelled.h5"]
USUAL = [EMBED, EVALUATE, SCORE, RECONSTRUCT, SAMPLES]

# name: (path in the data, ranks, keys, what follows)
CASES = {
    "bernoulli": ("pixels", 1, "", [EMBED, EVALUATE, SCORE, RECONSTRUCT, SAMPLES, MIXTURE, TRAVERSAL, WAY, LABELLED]),
    "autoencoder": (
        "unit", 3, "--model ae --likelihood mse --activation gelu --optimizer adamw --weight-decay 0.01 --clip-norm 0.5",
        [EMBED, FIGURES, ERRORS, RECONSTRUCT, MIXTURE, TRAVERSAL, WAY]),
    "autoencoder-bernoulli": ("unit", 1, "--model ae --initialization he --activation sigmoid", [EMBED, FIGURES, RECONSTRUCT]),
    "gaussian": (
        "signed", 1, "--likelihood gaussian --likelihood-scale 0.5 --activation leaky-relu --scale standardize --optimizer sgd --lr 1e-5 "
        "--momentum 0.9 --schedule cosine --warmup-steps 5", USUAL + [TRAVERSAL]),
    "learned-variance-13-shards": (
        "signed", 3, "--likelihood gaussian-learned --activation silu --shards 13 --global-batch 65 --beta-schedule linear "
        "--beta-warmup-epochs 1.5 --beta 2", USUAL + [WAY]),
    "vae-mse": ("signed", 1, "--likelihood mse --activation elu --scale min-max --scale-by global --schedule step --lr-step-epochs 1",
        [EMBED, FIGURES, ERRORS, RECONSTRUCT, SAMPLES, MIXTURE]),
    "laplace": ("holes", 1, "--likelihood laplace --likelihood-scale 0.4 --nan mask", [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "missing-gaussian": (
        "holes", 3, "--likelihood gaussian --nan mask --scale standardize", [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "missing-learned-variance": (
        "holes", 1, "--likelihood gaussian-learned --nan mask --weights weights --normalization layer --activation tanh",
        [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "missing-bernoulli": ("unit", 1, "--nan mask --mask mask --clip-norm 5", [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "missing-autoencoder": (
        "holes", 1, "--model ae --likelihood mse --nan mask --latent 3", [EMBED, FIGURES, RECONSTRUCT, IMPUTE[:1] + IMPUTE[5:]]),
    "weights": ("pixels", 3, "--weights weights --wire bf16 --optimizer adamw --weight-decay 0.1 --beta-schedule cyclical", USUAL),
    "denoising": ("unit", 1, "--model denoising --likelihood mse --initialization pytorch", [EMBED, FIGURES, RECONSTRUCT]),
    "masking": ("pixels", 3, "--corruption masking --corruption-level 0.2", USUAL),
    "salt-and-pepper": ("signed", 1, "--likelihood gaussian --corruption salt-and-pepper --normalization layer --hidden 24", USUAL),
    "dynamic-binarisation": ("pixels", 3, "--binarize dynamic --shards 3 --global-batch 63", USUAL),
    "layer-normalisation": (
        "pixels", 3, "--normalization layer --activation gelu --clip-norm 3 --schedule exponential --binarize fixed", USUAL),
    "linear": ("signed", 1, "--hidden none --likelihood gaussian --latent 4 --transform none", USUAL),
    "long": ("signed", 1, "--hidden 300 --likelihood gaussian --lr 1e-4 --shards 1 --global-batch 550 --micro-batch 47", [EMBED]),
    "resumed": ("pixels", 1, "--max-steps 13", [EMBED]),
    "convolutions": ("pixels", 3, "--network conv --channels 4,6 --hidden 12 --shards 5 --global-batch 60", USUAL),
    "convolutions-missing": (
        "pixels", 1, "--network conv --channels 5 --hidden none --likelihood gaussian-learned --nan mask --mask mask --activation silu",
        [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "listed": (
        "pixels", 3, "--encoder 'conv 8 k4 s2 p1, batch-norm m0.2, relu, residual (conv 8 k3 p1, silu, conv 8 k3 p1, batch-norm), group-norm 2, "
        "tanh, dropout 0.1, conv 12 k3 s2 p1, batch-norm, relu, global-pool, dropout 0.2, dense 9, layer-norm' --wire bf16 --clip-norm 4 "
        "--shards 4 --global-batch 60", USUAL),
    "attention": (
        "pixels", 3, "--network attention --channels 32,32 --hidden 12 --shards 3 --global-batch 60 --activation gelu", USUAL),
    "topics": (
        "pixels", 3, "--model prodlda --likelihood bernoulli --concentration 0.3 --shards 4 --global-batch 60", [EMBED, EVALUATE, SCORE, RECONSTRUCT, SAMPLES]),
    "classes": (
        "pixels", 3, "--objective semi-supervised --shards 4 --global-batch 60", [EMBED, FIGURES, ERRORS, RECONSTRUCT]),
    "importance": (
        "holes", 3, "--model miwae --samples 5 --hidden 16 --latent 3 --epochs 2 --global-batch 66 --shards 6",
        [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE]),
    "table": (
        "table", 3, "--likelihoods 'gaussian variance=feature: 0:2; nb: 2:3; categorical: 3:4; ordinal: 4:5' --nan mask --scale standardize "
        "--hidden 16 --latent 2", [EMBED, EVALUATE, SCORE, RECONSTRUCT, IMPUTE, SAMPLES]),
    "discretized-logistic": ("pixels", 1, "--likelihood discretized-logistic --components 2", USUAL),
    "normal-rows": ("unit", 1, "--fit-normal 0,1 --early-stopping 1 --test-fraction 0.2", [EMBED, SCORE]),
}


def array_digest(values):
    hasher = hashlib.sha256(f"{values.shape}{values.dtype.newbyteorder('<')}".encode())
    hasher.update(values.tobytes() if values.dtype != object else repr(values.tolist()).encode())
    return hasher.hexdigest()


def file_digests(path, groups=("/",)):
    """(name, digest) of every array in some groups of a file; names and values of attributes do not count."""
    with h5py.File(path) as file:
        for group in groups:
            names = []
            if group in file:
                file[group].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            for name in sorted(names):
                yield f"{group.strip('/')}/{name}".strip("/"), array_digest(file[group][name][()])


def plain(value):
    """What a command prints as JSON, without the names of files."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in ("data", "checkpoint", "output", "fit_data", "seconds")}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Golden:
    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        self.data = os.path.join(folder, "data.h5")
        golden_data.make(self.data)

    def run(self, ranks, arguments, folder):
        launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
        environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        done = subprocess.run(
            launcher + [self.program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        if done.returncode:
            sys.exit(f"{' '.join(arguments)}\n{done.stderr}ended with {done.returncode}")
        return done.stdout

    def case(self, name):
        """(what, array, digest) of all that a case makes."""
        path, ranks, keys, commands = CASES[name]
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        data, keys = ["--data", f"{self.data}:/{path}"], shlex.split(keys)
        fixed = {
            "--labels": "labels", "--validation-fraction": "0.1", "--test-fraction": "0.05", "--hidden": "24,12", "--latent": "5",
            "--global-batch": "64", "--shards": "8", "--epochs": "2", "--seed": "7",
        }
        train = ["train", *data, "--output", "run", "--no-report"]
        train += [word for key, value in fixed.items() if key not in keys for word in (key, value)]
        if name == "resumed":
            self.run(2, train + keys, folder)
            keys = []
        self.run(ranks, train + keys, folder)
        for checkpoint in sorted(glob.glob(f"{folder}/run/checkpoints/*.h5"))[-1:] + [f"{folder}/run/best.h5"]:
            what = "best" if checkpoint.endswith("best.h5") else "last"
            for group in ["parameters", "optimizer", "preparation"]:
                for array, digest in file_digests(checkpoint, [group]):
                    yield f"{what} {group}", array, digest
        with open(f"{folder}/run/metrics.csv") as file:
            rows = list(csv.DictReader(file))
        for column in METRICS:
            yield "metrics", column, hashlib.sha256("\n".join(row[column] for row in rows).encode()).hexdigest()
        for array, digest in file_digests(f"{folder}/run/embeddings.h5"):
            yield "embeddings", array, digest
        given = [word for key in ("--mask", "--weights") if key in keys for word in (key, keys[keys.index(key) + 1])]
        for command in commands:
            of_prior = command == SAMPLES
            words = [command[0], "--checkpoint", "run", *command[1:]] + ([] if of_prior else data + ["--labels", "labels"] + given)
            if command[0] == "evaluate":
                words += ["--factors", "factors", "--output", "evaluated.h5"]
            output = self.run(ranks, words, folder)
            if "--output" in words:
                written = words[words.index("--output") + 1]
                for array, digest in file_digests(os.path.join(folder, written)):
                    yield written.removesuffix(".h5"), array, digest
            if "--json" in words:
                figures = json.dumps(plain(json.loads(output)), sort_keys=True)
                yield command[0], "json", hashlib.sha256(figures.encode()).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--arrays", action="store_true")
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        golden = Golden(options.program, folder)
        for name in options.only.split(","):
            hashers = {}
            for what, array, digest in golden.case(name):
                if options.arrays:
                    print(name, what, array, digest[:16])
                hashers.setdefault(what, hashlib.sha256()).update(f"{array} {digest}\n".encode())
            for what, hasher in hashers.items():
                found[f"{name}: {what}"] = hasher.hexdigest()[:32]
    if options.write:
        DIGESTS.write_text("".join(f"{digest} {what}\n" for what, digest in found.items()))
        return
    wanted = dict(reversed(line.split(" ", 1)) for line in DIGESTS.read_text().splitlines())
    wanted = {what: digest for what, digest in wanted.items() if what.split(":")[0] in options.only.split(",")}
    wrong = [what for what in wanted | found if wanted.get(what) != found.get(what)]
    print(f"{len(found)} digests, {len(wrong)} differ")
    for what in wrong:
        print(f"{what}: {found.get(what)}, not {wanted.get(what)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
