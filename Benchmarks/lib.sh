# shellcheck shell=bash
# shellcheck disable=SC2034
# What the comparisons share: PyTorch in an environment of its own, which nothing else needs. Sourced, not run.
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

torch_folder=${TORCH_ENVIRONMENT:-${XDG_CACHE_HOME:-$HOME/.cache}/mpi-vae/torch}
program=.build/release/mpi-vae

# Installs PyTorch where it is not yet, builds mpi-vae, and gives the Python that has torch in $torch_python.
prepare_comparison() {
    install_packages "${run_packages[@]}" dataset-fashion-mnist python3-venv
    if [ ! -x "$torch_folder/bin/python" ] || ! "$torch_folder/bin/python" -c 'import torch, numpy' 2>/dev/null; then
        say "Installing PyTorch into $torch_folder"
        /usr/bin/python3 -m venv "$torch_folder"
        "$torch_folder/bin/pip" install --quiet torch numpy
    fi
    torch_python=$torch_folder/bin/python
    swift build -c release --product mpi-vae >/dev/null
}

# Imports Fashion-MNIST as $1/train and $1/test, unless it is there.
import_fashion() {
    local file=$1 source_folder=/usr/share/datasets/fashion-mnist part prefix
    if [ -e "$file" ]; then return; fi
    mkdir -p "$(dirname "$file")"
    for part in train test; do
        prefix=$source_folder/$([ $part = train ] && echo train || echo t10k)
        "$program" import idx --images "$prefix-images-idx3-ubyte.gz" --labels "$prefix-labels-idx1-ubyte.gz" \
            --output "$file" --name $part >/dev/null
    done
}
