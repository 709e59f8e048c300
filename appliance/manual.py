"""The manual pages and the completion of a shell, made of what they describe.

Knows the parser of the command line and the commented default configuration. `python -m appliance.manual`
writes them into the source; a test compares.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from . import __version__
from .cli import EPILOG, parser

ROOT = Path(__file__).parent.parent
DEFAULT = ROOT / "config" / "appliance.toml"
WITH_NAMES = {"lights": "lights", "scene": "scene"}  # verbs whose first word is a name that the daemon knows

Verb = tuple[str, str, argparse.ArgumentParser]


def verbs(top: argparse.ArgumentParser) -> list[Verb]:
    """Every verb, what it is for, and its own parser."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return [(name, helps.get(name, ""), found) for name, found in action.choices.items()]
    raise ValueError("a parser without verbs")


def options(verb: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in verb._actions if action.help is not argparse.SUPPRESS]


# -- pages -----------------------------------------------------------------------------------------------


def page(top: argparse.ArgumentParser) -> str:
    """appliance(1)."""
    lines = [
        f'.TH APPLIANCE 1 "" "appliance {__version__}" "User Commands"',
        ".SH NAME",
        "appliance \\- a talking box: run it, ask it, look after it",
        ".SH SYNOPSIS",
        ".B appliance",
        ".I COMMAND",
        "[\\fIOPTION\\fR]... [\\fIWORD\\fR]...",
        ".SH DESCRIPTION",
        "The daemon hears through a microphone, has a service answer, speaks the answer, and drives lights. "
        "All commands but \\fBrun\\fR, \\fBsetup\\fR, \\fBdoctor\\fR and those that list something speak to "
        "it over a Unix socket.",
        ".SH COMMANDS",
    ]
    for name, text, verb in verbs(top):
        lines += [".TP", f".B {_roff(' '.join([name, *_words(verb)]))}", _roff(text)]
        for action in options(verb):
            if action.option_strings and action.dest not in ("help", "config", "json"):
                lines += [".RS", ".TP", f"\\fB{_roff(_option(action))}\\fR", _roff(action.help or ""), ".RE"]
    lines += [
        ".SH OPTIONS",
        "Every command has these:",
        *(
            ".TP",
            "\\fB\\-\\-config\\fR \\fIFILE\\fR",
            "the configuration, /etc/appliance/appliance.toml if absent",
        ),
        *(".TP", "\\fB\\-\\-json\\fR", "print JSON"),
        *(".TP", "\\fB\\-\\-help\\fR", "say which options there are"),
        ".SH EXIT STATUS",
        _roff(re.sub(r"\s+", " ", EPILOG).removeprefix("exit status: ")),
        ".SH ENVIRONMENT",
        *(
            ".TP",
            ".B GEMINI_API_KEY, GOOGLE_API_KEY",
            "the key, where no credential \\fIgemini-api-key\\fR gives it",
        ),
        *(".TP", ".B GPIOZERO_PIN_FACTORY", "\\fImock\\fR to try the box without pins"),
        ".SH SIGNALS",
        "SIGTERM ends the daemon; SIGUSR1 has it write its last events into \\fI/var/lib/appliance\\fR.",
        ".SH FILES",
        *(".TP", ".I /etc/appliance/appliance.toml", "the configuration, see \\fBappliance.toml\\fR(5)"),
        *(".TP", ".I /etc/appliance/gemini-api-key", "the key, for root alone"),
        *(".TP", ".I /run/appliance/control.sock", "the socket of the daemon"),
        *(".TP", ".I /var/lib/appliance", "what outlives a restart"),
        ".SH SEE ALSO",
        "\\fBappliance.toml\\fR(5), \\fBsystemctl\\fR(1), \\fBjournalctl\\fR(1)",
    ]
    return "\n".join(lines) + "\n"


def _words(verb: argparse.ArgumentParser) -> Iterator[str]:
    for action in options(verb):
        if not action.option_strings:
            name = str(action.metavar or action.dest)
            yield f"[{name}]" if action.nargs in ("?", "*") else name


def _option(action: argparse.Action) -> str:
    takes = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
    return ", ".join(action.option_strings) + takes


def settings_page(text: str) -> str:
    """appliance.toml(5), of the commented default."""
    lines = [
        f'.TH APPLIANCE.TOML 5 "" "appliance {__version__}" "File Formats"',
        ".SH NAME",
        "appliance.toml \\- configuration of the talking box",
        ".SH DESCRIPTION",
        "A file in TOML. Every setting is shown with its default; what begins with #: is an example. "
        "\\fBappliance run \\-\\-check\\fR names all mistakes in a file at once, and "
        "\\fBsystemctl reload appliance\\fR has the daemon read it again.",
    ]
    open_block = False
    for line in text.splitlines():
        is_setting = bool(line.strip()) and (not line.startswith("#") or line.startswith("#:"))
        if head := re.match(r"(#: )?\[(.*)\]$", line):
            lines += _closed(open_block)
            open_block = False
            lines.append(f".SH {_roff(head[2])}" if not head[1] else f".SS {_roff(head[2])}")
            continue
        if is_setting and not open_block:
            lines.append(".nf")
        if not is_setting:
            lines += _closed(open_block)
        open_block = is_setting
        if is_setting:
            lines.append(f"\\fB{_roff(line)}\\fR")
        elif line.startswith("#"):
            words = line.removeprefix("#").strip()
            # A list in the file keeps its lines.
            lines += [".br", _roff(words)] if line.startswith("#  ") else [_roff(words) or ".PP"]
        else:
            lines.append(".PP")
    lines += _closed(open_block)
    lines += [".SH SEE ALSO", "\\fBappliance\\fR(1)"]
    return "\n".join(lines) + "\n"


def _closed(open_block: bool) -> list[str]:
    return [".fi", ".PP"] if open_block else []


def _roff(text: str) -> str:
    """Text that roff takes as it is."""
    text = (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("%%", "%")
    )
    return f"\\&{text}" if text.startswith(".") else text


# -- completion --------------------------------------------------------------------------------------------


def completion(top: argparse.ArgumentParser) -> str:
    """For bash: verbs, their options and choices, and the names that a running daemon knows."""
    listed = verbs(top)
    cases = []
    for name, _, verb in listed:
        flags = " ".join(
            flag for action in options(verb) for flag in action.option_strings if flag.startswith("--")
        )
        words = " ".join(
            str(choice)
            for action in options(verb)
            if not action.option_strings
            for choice in action.choices or ()
        )
        cases.append(f"        {name}) flags='{flags}' words='{words}' ;;")
    files = sorted(
        {f for _, _, verb in listed for a in options(verb) if _is_file(a) for f in a.option_strings}
    )
    return COMPLETION.format(
        verbs=" ".join(name for name, _, _ in listed),
        cases="\n".join(cases),
        files="|".join(files),
        names="|".join(WITH_NAMES),
    )


def _is_file(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.metavar in ("FILE", "DIR")


COMPLETION = """\
# Completion of appliance(1) for bash. Made by `python -m appliance.manual`.

_appliance() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    local verb=${{COMP_WORDS[1]}} flags words IFS
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W '{verbs} --help --version' -- "$word")
        return
    fi
    case $before in
        {files}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    esac
    case $verb in
{cases}
        *) return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
        return
    fi
    case $verb in
        {names})
            if [ "$COMP_CWORD" -eq 2 ]; then
                IFS=$'\\n'
                words=$(appliance "$verb" 2>/dev/null |
                    sed -n 's/^\\(no .* are configured\\)$//; s/:.*//; /./p')
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
                COMPREPLY=("${{COMPREPLY[@]// /\\\\ }}")
                return
            fi ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}

complete -F _appliance appliance
"""


def written(directory: Path) -> dict[Path, str]:
    """Every file and its text."""
    top = parser(everything=True)
    return {
        directory / "man" / "appliance.1": page(top),
        directory / "man" / "appliance.toml.5": settings_page(DEFAULT.read_text(encoding="utf-8")),
        directory / "completions" / "appliance": completion(top),
    }


def main() -> None:
    for path, text in written(ROOT).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
