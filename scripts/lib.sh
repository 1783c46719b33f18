# shellcheck shell=bash
# shellcheck disable=SC2034
# What the scripts share: which Debian packages are needed, and how ranks are started. Sourced, not run.

set -euo pipefail
start_folder=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What building and running needs.
run_packages=(
    libopenmpi-dev openmpi-bin libhdf5-dev zlib1g-dev libdeflate-dev libpng-dev libturbojpeg0-dev libzip-dev pkg-config
)
# What the demonstration needs besides: its data, and Python to open what it writes.
demo_packages=(dataset-fashion-mnist python3-h5py python3-sklearn)
# What the tests need besides.
test_packages=(
    "${demo_packages[@]}" python3-pip python3-anndata python3-matplotlib python3-pil chromium hdf5-tools shellcheck util-linux iproute2 qemu-user slurmctld slurmd
    slurm-client munge faketime locales groff-base
)

# The other MPI, beside Open MPI, which stays what mpicc and mpirun are.
mpich_packages=(mpich libmpich-dev)

# What runs kernels that are compiled for arm64.
arm64_packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints those of the given packages that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

# Installs those of the given packages that are missing.
install_packages() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    command -v apt-get >/dev/null || die "missing ${missing[*]}, and there is no apt-get: see docs/installation.md"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "missing ${missing[*]}: install them as root, or install sudo"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Fetches a real AnnData file of the old layout, from the wheel of scanpy, for the tests.
fetch_pbmc() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/mpi-vae file=scanpy/datasets/10x_pbmc68k_reduced.h5ad
    if [ -e "$folder/$file" ]; then return; fi
    say "Fetching $(basename "$file")"
    mkdir -p "$folder/wheel"
    /usr/bin/python3 -m pip download --quiet --no-deps --dest "$folder/wheel" scanpy==1.11.5
    /usr/bin/python3 -m zipfile -e "$folder"/wheel/scanpy-*.whl "$folder/wheel"
    mkdir -p "$folder/$(dirname "$file")"
    mv "$folder/wheel/$file" "$folder/$file"
    rm -r "$folder/wheel"
}

# Fetches anndata in the versions whose files the tests read and write, besides Debian's 0.8. The older ones run with Debian's numpy and
# pandas.
fetch_anndata() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/mpi-vae/anndata version wanted
    for version in 0.7.8 0.10.9 0.12.19; do
        if [ -e "$folder/$version" ]; then continue; fi
        say "Fetching anndata $version"
        rm -rf "$folder/partial"
        wanted=("anndata==$version" array-api-compat==1.16.0)
        case $version in
            0.12.*) wanted+=(numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 h5py==3.16.0 zarr==3.1.6) ;;
            *) wanted+=(--no-deps) ;;
        esac
        /usr/bin/python3 -m pip install --quiet --root-user-action=ignore --target "$folder/partial" "${wanted[@]}"
        mv "$folder/partial" "$folder/$version"
    done
}

# Fetches packages of Python into a folder of the cache, for the tests: fetch_packages NAME PACKAGE==VERSION...
fetch_packages() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/mpi-vae/$1
    if [ -e "$folder" ]; then return; fi
    say "Fetching Python packages: $1"
    rm -rf "$folder.partial"
    /usr/bin/python3 -m pip install --quiet --root-user-action=ignore --no-deps --target "$folder.partial" "${@:2}"
    mv "$folder.partial" "$folder"
}

# What reads exported models; the newest that run with Debian's numpy.
fetch_exports() {
    fetch_packages exports onnxruntime==1.20.1 onnx==1.16.2 protobuf==4.25.8 flatbuffers==24.12.23 packaging==24.2 safetensors==0.5.3
}

# What reads the recipe for conda.
fetch_recipes() {
    fetch_packages recipes jinja2==3.1.6 markupsafe==3.0.2 pyyaml==6.0.2
}

# What reads event files; nothing that would serve pages.
fetch_tensorboard() {
    fetch_packages tensorboard tensorboard==2.20.0 protobuf==4.25.8 absl-py==2.5.1 packaging==24.2
}

require_swift() {
    command -v swift >/dev/null || die "no Swift toolchain in PATH: install Swift 6.1 or newer from swift.org"
}

# Links a program of .build again, of its objects as they are or some others: link_again PROGRAM OUTPUT OBJECTS MPI FLAG...
# OBJECTS is the file that lists them, MPI the name of a library's pkg-config file.
link_again() {
    local program=$1 output=$2 objects=$3 mpi=$4 libraries
    mapfile -t libraries < <(pkg-config --libs-only-L --libs-only-l "$mpi" hdf5-serial zlib libdeflate libpng libturbojpeg libzip | xargs -n 1)
    # Swift's package manager calls an executable's main function after its module.
    swiftc -emit-executable -o "$output" "@$objects" "${@:5}" "${libraries[@]}" -lstdc++ -Xlinker "--defsym=main=${program//-/_}_main"
}

# The cores of this machine, as Open MPI counts them.
core_count() { lscpu -p=CORE,SOCKET | grep -v '^#' | sort -u | wc -l; }

# Starts ranks: ranks COUNT PROGRAM ARGUMENT...
# Open MPI refuses to run as root, and more ranks than cores, unless told; it is told only where that is so.
ranks() {
    local count=$1 options=()
    shift
    if [ "$(id -u)" -eq 0 ]; then options+=(--allow-run-as-root); fi
    if [ "$count" -gt "$(core_count)" ]; then options+=(--oversubscribe); fi
    mpirun "${options[@]}" -n "$count" "$@"
}
