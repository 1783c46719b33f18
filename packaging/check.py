"""Reads the recipes for Spack and conda as far as it goes without them, and compares them with the program: check.py FOLDER_OF_THE_REPOSITORY"""

import re
import sys
import types
from pathlib import Path

import jinja2
import yaml

root = Path(sys.argv[1])
version = re.search(r'programVersion = "(.*)"', (root / "Sources/Support/Program/ProgramVersion.swift").read_text()).group(1)
# The libraries that Package.swift names, in Spack's and conda's words; MPI and HDF5 by variables.
libraries = set(re.findall(r'pkgConfig: (\w+|".*?")', (root / "Package.swift").read_text()))
names = {
    "mpi": ("mpi", "openmpi"), "hdf5": ("hdf5", "hdf5"), '"zlib"': ("zlib-api", "zlib"), '"libdeflate"': ("libdeflate", "libdeflate"),
    '"libpng"': ("libpng", "libpng"), '"libturbojpeg"': ("libjpeg-turbo", "libjpeg-turbo"), '"libzip"': ("libzip", "libzip"),
}  # fmt: skip
assert libraries == names.keys(), libraries ^ names.keys()


class Path_(str):
    """A prefix of Spack's."""

    def join(self, name):
        return Path_(f"{self}/{name}")

    __getattr__ = join


def spack() -> None:
    """Runs the recipe with stand-ins for what Spack gives it, which write down what it asks for."""
    dependencies, calls, variables = [], [], {}

    def directive(*words, **others):
        return lambda function: function

    class Libraries:
        directories = ["/spack/lib"]

    class Spec(dict):
        def satisfies(self, text):
            return text == "+static_swift"

        def __missing__(self, name):
            assert name in [own.split("@")[0] for own in dependencies], name
            return types.SimpleNamespace(name="openmpi" if name == "mpi" else name, libs=Libraries)

    class Environment:
        set = staticmethod(variables.__setitem__)

    package = types.ModuleType("spack.package")
    for name in ("license", "version", "variant", "conflicts", "run_after", "on_package_attributes", "mkdirp", "install", "install_tree"):
        setattr(package, name, directive)
    package.depends_on = lambda text, **others: dependencies.append(text)
    package.which = lambda name, required: lambda *words: calls.append((name, *words))
    package.Executable = lambda path: lambda *words, **others: "completions"
    package.working_dir = None
    generic = types.ModuleType("spack_repo.builtin.build_systems.generic")
    generic.Package = object
    sys.modules.update({package.__name__: package, generic.__name__: generic})
    scope = {"__name__": "recipe", "open": lambda path, mode: open("/dev/null", mode)}
    exec(compile((root / "packaging/spack/package.py").read_text(), "package.py", "exec"), scope)
    recipe = scope["MpiVae"]()
    assert {own for own, _ in names.values()} <= {text.split("@")[0] for text in dependencies}, dependencies
    recipe.spec = Spec()
    recipe.setup_build_environment(Environment)
    assert variables == {"MPI_VAE_MPI_PC": "ompi-c", "MPI_VAE_HDF5_PC": "hdf5"}, variables
    recipe.install(recipe.spec, Path_("/prefix"))
    assert len(calls) == 1 and calls[0][:4] == ("swift", "build", "-c", "release") and "--static-swift-stdlib" in calls[0], calls


def conda() -> None:
    text = (root / "packaging/conda/meta.yaml").read_text()
    for mpi in yaml.safe_load((root / "packaging/conda/conda_build_config.yaml").read_text())["mpi"]:
        given = {"mpi": mpi, "PKG_HASH": "0000000", "compiler": lambda language: f"{language}_linux-64"}
        recipe = yaml.safe_load(jinja2.Template(text, undefined=jinja2.StrictUndefined).render(given))
        assert recipe["package"] == {"name": "mpi-vae", "version": version}, recipe["package"]
        wanted = {mpi if own == "openmpi" else own for _, own in names.values()}
        assert set(recipe["requirements"]["host"]) == set(recipe["requirements"]["run"]) == wanted, recipe["requirements"]
        assert (root / "packaging/conda" / recipe["source"]["path"] / "Package.swift").is_file()
        assert (root / recipe["about"]["license_file"]).is_file()
        script = "\n".join(recipe["build"]["script"])
        assert f"MPI_VAE_MPI_PC={'ompi-c' if mpi == 'openmpi' else 'mpich'} " in script, script
        for name in re.findall(r"\S+\.py", script):
            assert (root / name).is_file(), name


spack()
conda()
print("the recipes for Spack and conda are whole")
