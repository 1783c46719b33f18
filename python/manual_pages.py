"""Writes manual pages for man(1) from what `mpi-vae --experimental-dump-help` prints: manual_pages.py FOLDER VERSION < dump.json"""

import json
import sys


def roff(text: str) -> str:
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    # A line that begins with a dot or an apostrophe would be a request.
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def flag(argument: dict) -> str:
    names = []
    for name in argument.get("names", []):
        names.append(("--" if name["kind"] == "long" else "-") + name["name"])
    value = f" \\fI{roff(argument['valueName'])}\\fR" if argument["kind"] == "option" else ""
    return ", ".join(f"\\fB{roff(name)}\\fR" for name in names) + value


def entries(arguments: list[dict]) -> list[str]:
    lines: list[str] = []
    for argument in arguments:
        if not argument.get("shouldDisplay", True):
            continue
        title = flag(argument) if argument["kind"] != "positional" else f"\\fI{roff(argument['valueName'])}\\fR"
        text = argument.get("abstract", "")
        if argument.get("defaultValue"):
            text += f" Default: {argument['defaultValue']}."
        lines += [".TP", title, roff(text.strip() or argument["valueName"])]
    return lines


def paragraphs(text: str) -> list[str]:
    """Prose is filled; lines with commands stay as they are."""
    lines: list[str] = []
    for line in text.split("\n"):
        if not line.strip():
            lines.append(".PP")
        elif line.startswith((" ", "mpi-vae ", "mpirun ")):
            lines += [".nf", roff(line), ".fi"]
        else:
            lines.append(roff(line))
    return lines


def page(command: dict, names: list[str], version: str) -> str:
    name = "-".join(names)
    lines = [f'.TH {roff(name.upper())} 1 "" "mpi\\-vae {roff(version)}" "mpi\\-vae"', ".SH NAME"]
    lines += [f"{roff(name)} \\- {roff(command.get('abstract', '').rstrip('.'))}", ".SH SYNOPSIS"]
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    places = "".join(f" \\fI{roff(argument['valueName'])}\\fR" for argument in shown if argument["kind"] == "positional")
    lines += [f"\\fB{roff(' '.join(names))}\\fR [\\fIoptions\\fR]{places}"]
    if command.get("discussion"):
        lines += [".SH DESCRIPTION"] + paragraphs(command["discussion"].strip())
    sections: dict[str, list[dict]] = {}
    for argument in shown:
        sections.setdefault(argument.get("sectionTitle") or "Options", []).append(argument)
    for title, arguments in sections.items():
        lines += [f".SH {roff(title.upper())}"] + entries(arguments)
    others = [sub for sub in command.get("subcommands", []) if sub.get("shouldDisplay", True) and sub["commandName"] != "help"]
    if others:
        lines.append(".SH COMMANDS")
        for sub in others:
            lines += [".TP", f"\\fB{roff('-'.join(names + [sub['commandName']]))}\\fR(1)", roff(sub.get("abstract", ""))]
    if len(names) > 1:
        lines += [".SH SEE ALSO", f"\\fB{roff(names[0])}\\fR(1)"]
    return "\n".join(lines) + "\n"


def write(command: dict, names: list[str], folder: str, version: str) -> None:
    with open(f"{folder}/{'-'.join(names)}.1", "w") as file:
        file.write(page(command, names, version))
    for sub in command.get("subcommands", []):
        if sub.get("shouldDisplay", True) and sub["commandName"] != "help":
            write(sub, names + [sub["commandName"]], folder, version)


root = json.load(sys.stdin)["command"]
write(root, [root["commandName"]], sys.argv[1], sys.argv[2])
