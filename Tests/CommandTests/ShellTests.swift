import Foundation
import TestSupport
import Testing

/// What shells and man(1) are given.
struct ShellTests {
    /// Tab completes flags, values, files and, behind a file's colon, the data sets in it: by h5ls, and by the program where there is none.
    @Test func bashCompletes() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, sys
            with h5py.File(sys.argv[1] + "/cells.h5", "w") as f:
                f["images/train"] = [[1.0, 2.0]]
                f["images/test"] = [[1.0, 2.0]]
                f["labels"] = [1]
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let script = #"""
            set -e
            cd "$1"
            mkdir -p bin
            for tool in "$2" $(type -P sed timeout); do ln -sf "$tool" bin/; done
            if [ "$3" = alone ]; then PATH=$1/bin; else PATH=$1/bin:$PATH; fi
            source <(mpi-vae --generate-completion-script bash)
            # As bash does it: a colon and an equals sign are words of their own.
            complete_line() {
                COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
                COMP_WORDS=(${1//:/ : })
                [[ $1 == *[\ :] ]] && COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _mpi-vae_and_paths mpi-vae "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
                echo "$1 -> ${COMPREPLY[*]}"
            }
            complete_line "mpi-vae train --data cells.h5:"
            complete_line "mpi-vae train --data cells.h5:/im"
            complete_line "mpi-vae embed --checkpoint run --data=cells.h5:/images/te"
            complete_line "mpi-vae train --data none.h5:/im"
            complete_line "mpi-vae ins"
            COMP_WORDBREAKS=" "
            complete_line "mpi-vae check cells.h5:/l"
            """#
        for way in ["h5ls", "alone"] {
            let outcome = try Program.run(
                "/bin/bash", ["-c", script, "bash", folder.url.path, try Program.built("mpi-vae"), way])
            #expect(outcome.status == 0, "\(way): \(outcome)")
            #expect(
                outcome.output == """
                    mpi-vae train --data cells.h5: -> /images/test /images/train /labels
                    mpi-vae train --data cells.h5:/im -> /images/test /images/train
                    mpi-vae embed --checkpoint run --data=cells.h5:/images/te -> /images/test
                    mpi-vae train --data none.h5:/im -> \("")
                    mpi-vae ins -> inspect
                    mpi-vae check cells.h5:/l -> cells.h5:/labels

                    """, "\(way): \(outcome)")
        }
        // The other shells read theirs without a complaint of ours; bash is not asked for by another word.
        for shell in ["zsh", "fish"] {
            #expect(try mpiVAE("--generate-completion-script", shell).output.contains("mpi-vae"), "\(shell)")
        }
    }

    /// A page for each command, of which groff says nothing.
    @Test func manualPages() throws {
        let folder = try TemporaryFolder()
        let script = """
            set -e -o pipefail
            "$1" --experimental-dump-help | /usr/bin/python3 "$2/manual_pages.py" "$3" 0.1.0
            for page in "$3"/*.1; do groff -man -Tutf8 -z -ww "$page"; done
            groff -man -Tutf8 -P-cbou "$3/mpi-vae-train.1"
            """
        let outcome = try Program.run(
            "/bin/bash",
            ["-c", script, "bash", try Program.built("mpi-vae"), repositoryPath("python"), folder.url.path])
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        for text in ["NAME", "SYNOPSIS", "--global-batch", "mpi-vae-train"] {
            #expect(outcome.output.contains(text), "\(text): \(outcome.output.prefix(2000))")
        }
        // Prose fits the screen.
        for line in outcome.output.split(separator: "\n") where !line.contains("mpi-vae ") {
            #expect(line.count <= 80, "\(line)")
        }
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(
            Set(pages).isSuperset(of: ["mpi-vae.1", "mpi-vae-train.1", "mpi-vae-import-csv.1"]) && pages.count > 20, "\(pages)")
    }
}
