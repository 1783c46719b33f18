internal import ArgumentParser

/// What shells complete commands, flags and values by; bash also the paths inside of HDF5 files.
enum Completion {
    /// The script that the arguments ask for; nil for other arguments, and shells that the parser refuses.
    static func script(_ arguments: [String]) -> String? {
        guard arguments == ["--generate-completion-script", "bash"] else { return nil }
        return MPIVAE.completionScript(for: .bash) + paths
    }

    /// Behind `file.h5:` the data sets of the file, by h5ls, which reads no values, or else by the program. A colon ends a word in bash, unless
    /// `COMP_WORDBREAKS` has none.
    private static let paths = #"""

        _mpi-vae_paths() {
            local line="${COMP_LINE:0:COMP_POINT}" word file given names IFS=$'\n'
            word="${line##*[[:space:]=]}"
            file="${word%%:*}"
            given="${word#*:}"
            [[ "${word}" == *:* && -f "${file/#\~/${HOME}}" ]] || return 1
            if command -v h5ls >/dev/null; then
                names="$(timeout 5 h5ls -r "${file/#\~/${HOME}}" 2>/dev/null | sed -n 's/ *Dataset {.*//p')"
            else
                names="$(timeout 5 mpi-vae inspect "${file/#\~/${HOME}}" 2>/dev/null | sed -n 's|^\(/.*[^ ]\)  *\[.*|\1|p')"
            fi
            mapfile -t COMPREPLY < <(compgen -W "${names}" -- "${given}")
            [[ "${COMP_WORDBREAKS}" == *:* ]] || COMPREPLY=("${COMPREPLY[@]/#/${file}:}")
            # They are no names of files here.
            compopt +o filenames 2>/dev/null
            return 0
        }

        _mpi-vae_and_paths() {
            _mpi-vae_paths || _mpi-vae "$@"
        }

        complete -o filenames -F _mpi-vae_and_paths mpi-vae

        """#
}
