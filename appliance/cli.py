"""The verbs a person types.

Knows words and exit statuses. Must never know how anything is done: the daemon is asked over its socket.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import __version__, aftermath
from .caller import request, watch
from .config import load, parse, socket_path
from .core.changes import MOST_TRANSITION_S, STATES
from .core.shield import ABSENT
from .core.timer import duration_s
from .errors import EX_FAILURE, EX_OK, EX_USAGE, ApplianceError, HardwareError
from .models import FIRST_VOICES, LANGUAGES, VOICES
from .settings import NOTICES, Config
from .statement import history_lines, lamp_lines, settings_lines, status_lines, timer_lines
from .telling import printed

CONFIG = Path("/etc/appliance/appliance.toml")
EPILOG = """exit status: 0 done, 1 refused or failed, 2 wrong usage, 69 something is missing (daemon, device,
line), 78 the configuration or the key cannot be used"""


def run(arguments: Sequence[str]) -> int:
    """Do what was typed; the exit status. Errors are one sentence on stderr, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a transcript holds what a terminal may not know
    options = parser(arguments).parse_args(arguments)
    do: Callable[[argparse.Namespace], int] = options.do
    try:
        return do(options)
    except ApplianceError as error:
        print(f"appliance: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return EX_OK
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"appliance: {error.strerror or error}", file=sys.stderr)
            return EX_FAILURE
        sys.stderr.close()
        return EX_OK


def parser(arguments: Sequence[str] = (), *, everything: bool = False) -> argparse.ArgumentParser:
    """`everything`: with the options of those verbs, too, that are loaded only when they are meant."""
    top = argparse.ArgumentParser("appliance", description="A talking box.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"appliance {__version__}")
    verbs = top.add_subparsers(metavar="COMMAND", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help=f"configuration (default {CONFIG})")
    shared.add_argument("--json", action="store_true", help="print JSON")

    def verb(name: str, do: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = verbs.add_parser(name, parents=[shared], help=text, description=text)
        command.set_defaults(do=do)
        return command

    command = verb("run", _run, "Be the daemon.")
    command.add_argument("--check", action="store_true", help="check the configuration and exit")
    command.add_argument("--trace", type=Path, metavar="FILE", help="write what happens, without the words")
    verb("failed", aftermath.told, "Say why the daemon has ended for good: for the service manager.")
    verb("offline", _offline, "Be the brain for when the service is away.")
    command = verb("replay", _replay, "Do a trace again: does the box still do the same?")
    command.add_argument("file", type=Path, metavar="FILE")
    verb("version", _version, "Say which version it is.")
    verb("config", _config, "Print the effective configuration.")
    verb("voices", _voices, "List the voices.")
    verb("languages", lambda options: _listed(options, LANGUAGES), "List the languages.")
    verb("status", _status, "How is it?")
    verb("history", _history, "How long the last turns took, and what the last days cost.")
    command = verb("talk", _talk, "Tap the button, or hold it.")
    command.add_argument("--hold", type=_seconds, metavar="SECONDS", help="hold the button so long")
    command = verb("ask", _ask_text, "Ask a question in writing, and read the answer.")
    command.add_argument("text", metavar="TEXT")
    command.add_argument("--speak", action="store_true", help="let the box speak the answer, too")
    verb("say", _say, "Make the box say something.").add_argument("text", metavar="TEXT")
    verb("mute", _mute, "Close the microphone, until it is unmuted.")
    verb("unmute", _unmute, "Open the microphone again.")
    verb("reload", _reload, "Apply the changed configuration, and say what needs a restart.")
    verb("cancel", _cancel, "Silence, and no listening.")
    command = verb("lights", _lights, "Show the lights, or set one.")
    command.add_argument("name", nargs="?", metavar="NAME", help="a light, a room, a group or 'all'")
    command.add_argument("state", nargs="?", metavar="STATE", help=STATES)
    command.add_argument("--over", type=_fade, metavar="SECONDS", help="fade over so many seconds")
    command = verb("scene", _scene, "List the scenes, or run one.")
    command.add_argument("name", nargs="?", metavar="NAME", help="a scene of the configuration")
    command = verb("volume", _volume, "Show how loud it speaks, or set it.")
    command.add_argument("level", nargs="?", metavar="LEVEL", help="0 to 100 per cent, louder or quieter")
    command = verb("timers", _timers, "Show the timers, cancel one, or set one that rings.")
    command.add_argument("act", nargs="?", choices=("cancel", "set"), metavar="cancel|set")
    command.add_argument("words", nargs="*", metavar="NAME | 10m [NAME]", help="a name, a number or all")
    command = verb("devices", _devices, "List the microphones and speakers, and which of them are meant.")
    command.add_argument("--choose", action="store_true", help="write the best of them into a new FILE")
    command = verb("notices", _notices, "Make the sentences by which the box says what is wrong.")
    command.add_argument("--voice", default="en-us", metavar="VOICE", help="one of espeak-ng's")
    command.add_argument("--into", type=Path, metavar="DIRECTORY", help="elsewhere than in the installation")
    verb("echo", _echo, "Play a sound, and measure how well its echo is taken away.")
    verb("watch", _watch, "Show what happens, as it happens.")
    command = verb("doctor", _doctor, "Find out what is wrong, what it means, and what to do.")
    if "doctor" in arguments[:1] or everything:
        from .doctor import add_options as add_doctor

        add_doctor(command)
    command = verb("setup", _setup, "Set the box up, one question at a time.")
    if "setup" in arguments[:1] or everything:
        from .setup import add_options as add_setup

        add_setup(command)
    command = verb("demo", _demo, "Show the whole box with no hardware, key or network.")
    if "demo" in arguments[:1] or everything:  # late: it brings the stand-in and the whole box along
        from .demo import add_options

        add_options(command)
    return top


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 60:
        raise argparse.ArgumentTypeError("0.1 to 60 seconds")
    return seconds


def _fade(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MOST_TRANSITION_S:
        raise argparse.ArgumentTypeError(f"0 to {MOST_TRANSITION_S:g} seconds")
    return seconds


def configuration(options: argparse.Namespace) -> Config:
    """The file that was named; else the usual one, where there is one; else the defaults."""
    if options.config is not None:
        return load(options.config)
    return load(CONFIG) if CONFIG.exists() else parse({})


# -- the daemon ---------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    config = configuration(options)
    # Late: a person who asks for the status need not wait for the sound card's libraries.
    from . import app
    from .adapters.systemd import start_logging

    if options.check:
        app.guard(config)
        errands, amiss = app.installed(config)
        app.conversation(config, None, errands=errands)  # what it would tell a model is weighed there
        warned = [*config.warnings, *amiss]
        if options.json:
            print(json.dumps({"ok": True, "warnings": warned}))
        else:
            print("\n".join([*(f"warning: {warning}" for warning in warned), "the configuration is fine"]))
        return EX_OK
    start_logging(config.log_level)
    asyncio.run(app.run(config, options.trace))
    return EX_OK


def _offline(options: argparse.Namespace) -> int:
    from .offline import serve  # late: it brings the stand-in along

    serve(configuration(options))
    return EX_OK


def _replay(options: argparse.Namespace) -> int:
    from .recorder.replay import replay

    result = replay(options.file)
    print(json.dumps(result.as_json(), ensure_ascii=False) if options.json else result)
    return EX_OK if result.divergence is None else EX_FAILURE


def _version(options: argparse.Namespace) -> int:
    print(json.dumps({"version": __version__}) if options.json else f"appliance {__version__}")
    return EX_OK


def _config(options: argparse.Namespace) -> int:
    from .adapters.systemd import api_key, server_secret

    config = configuration(options)
    name, secret = (
        ("api_key", api_key) if config.live.auth == "key" else ("token_server_secret", server_secret)
    )
    try:
        masked = "*" * 8 if secret() else "none"
    except ApplianceError as error:
        masked = f"none: {error}"
    shown = {**config.as_json(), name: masked, "socket": str(socket_path(config))}
    if options.json:
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return EX_OK
    print("\n".join(settings_lines(shown)))
    return EX_OK


def _voices(options: argparse.Namespace) -> int:
    everywhere = "every model"
    found = {voice: everywhere if voice in FIRST_VOICES else "native audio models" for voice in VOICES}
    return _listed(options, found)


def _notices(options: argparse.Namespace) -> int:
    from .notices import make  # late: it brings subprocesses along

    into = options.into or NOTICES
    count = make(into, options.voice)
    print(json.dumps({"ok": True, "sentences": count}) if options.json else f"{count} sentences in {into}")
    return EX_OK


def _devices(options: argparse.Namespace) -> int:
    from .picking import shown  # late: it brings the sound system along

    into = options.config or CONFIG if options.choose else None
    return shown(configuration(options).audio, into, as_json=options.json)


def _listed(options: argparse.Namespace, found: Mapping[str, str]) -> int:
    lines = (f"{name:<16}{what}" for name, what in found.items())
    print(json.dumps(found, indent=2) if options.json else "\n".join(lines))
    return EX_OK


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import doctor

    logging.disable(logging.WARNING)  # what is wrong is a finding, and told as one
    return doctor(options, CONFIG)


def _setup(options: argparse.Namespace) -> int:
    from .setup import setup

    logging.disable(logging.WARNING)
    return setup(options, CONFIG)


def _demo(options: argparse.Namespace) -> int:
    from .demo import demo

    return demo(options)


# -- the daemon's socket ------------------------------------------------------------------------------


ANSWER_S = 300.0  # the model may have much to say, and it is spoken before it is over


def _ask(
    options: argparse.Namespace, body: Mapping[str, object], timeout_s: float = 5.0
) -> dict[str, object]:
    return request(socket_path(configuration(options)), body, timeout_s)


def _done(options: argparse.Namespace, answer: Mapping[str, object], text: str) -> int:
    """Print an answer. A refusal is a failure."""
    ok = answer.get("ok") is True
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    elif ok:
        if text:
            print(text)
    else:
        remedy = answer.get("remedy")
        print(f"appliance: {answer.get('error')}" + (f"; {remedy}" if remedy else ""), file=sys.stderr)
    return EX_OK if ok else 1


def _status(options: argparse.Namespace) -> int:
    answer = _ask(options, {"do": "status"})
    return _done(options, answer, "\n".join(status_lines(answer)))


def _history(options: argparse.Namespace) -> int:
    answer = _ask(options, {"do": "history"})
    return _done(options, answer, "\n".join(history_lines(answer)) or "nothing has happened yet")


def _talk(options: argparse.Namespace) -> int:
    body: dict[str, object] = {"do": "talk"}
    if options.hold is not None:
        body["hold_s"] = options.hold
    return _done(options, _ask(options, body), "")


def _ask_text(options: argparse.Namespace) -> int:
    body = {"do": "ask", "text": options.text, "speak": options.speak}
    answer = _ask(options, body, ANSWER_S)
    return _done(options, answer, str(answer.get("answer") or "(it chose to say nothing)"))


def _say(options: argparse.Namespace) -> int:
    return _done(options, _ask(options, {"do": "say", "text": options.text}, ANSWER_S), "")


def _reload(options: argparse.Namespace) -> int:
    answer = _ask(options, {"do": "reload"})
    applied, restart = (answer.get(name) for name in ("applied", "restart"))
    lines = [f"changed: {', '.join(applied) or 'nothing'}" if isinstance(applied, list) else ""]
    lines += [f"needs a restart: {', '.join(restart)}"] if isinstance(restart, list) and restart else []
    return _done(options, answer, "\n".join(lines))


def _cancel(options: argparse.Namespace) -> int:
    return _done(options, _ask(options, {"do": "cancel"}), "")


def _mute(options: argparse.Namespace) -> int:
    return _done(options, _ask(options, {"do": "mute"}), "muted: the microphone is closed")


def _unmute(options: argparse.Namespace) -> int:
    return _done(options, _ask(options, {"do": "unmute"}), "unmuted")


def _lights(options: argparse.Namespace) -> int:
    body: dict[str, object] = {"do": "lights"}
    if options.name is not None and options.state is None:
        print(f"appliance: lights NAME needs a STATE: {STATES}", file=sys.stderr)
        return EX_USAGE
    if options.name is None and options.over is not None:
        print("appliance: --over needs a NAME and a STATE", file=sys.stderr)
        return EX_USAGE
    if options.name is not None:
        body |= {"name": options.name, "change": options.state}
    if options.over is not None:
        body["over_s"] = options.over
    answer = _ask(options, body)
    return _done(options, answer, "\n".join(lamp_lines(answer)) or "no lights are configured")


def _scene(options: argparse.Namespace) -> int:
    if options.name is not None:
        answer = _ask(options, {"do": "scene", "name": options.name})
        return _done(options, answer, "\n".join(lamp_lines(answer)))
    answer = _ask(options, {"do": "scene"})
    scenes = answer.get("scenes")
    listed = "\n".join(str(name) for name in scenes) if isinstance(scenes, list) else ""
    return _done(options, answer, listed or "no scenes are configured")


def _volume(options: argparse.Namespace) -> int:
    level = int(options.level) if (options.level or "").isdecimal() else options.level
    answer = _ask(options, {"do": "volume", "level": level})
    return _done(options, answer, f"{answer.get('volume')} %")


def _timers(options: argparse.Namespace) -> int:
    words: list[str] = options.words
    body: dict[str, object] = {"do": "timers"}
    if options.act == "cancel":
        body["cancel"] = " ".join(words)
    elif options.act == "set":
        seconds = duration_s(words[0]) if words else None
        if seconds is None:
            print("appliance: timers set needs a duration, such as 90s, 10m or 1h30m", file=sys.stderr)
            return EX_USAGE
        body = {"do": "set_timer", "seconds": seconds}
        body |= {"name": " ".join(words[1:])} if words[1:] else {}
    answer = _ask(options, body)
    return _done(options, answer, "\n".join(timer_lines(answer)) or "no timers are set")


def _echo(options: argparse.Namespace) -> int:
    audio = configuration(options).audio
    try:
        from .sounding import sounded  # late: the canceller and the sound card
    except ImportError:
        raise HardwareError(ABSENT) from None
    found = asyncio.run(sounded(audio))
    print(json.dumps({"ok": True, **found.as_json()}) if options.json else found)
    return EX_OK


def _watch(options: argparse.Namespace) -> int:
    for told in watch(socket_path(configuration(options))):
        if options.json:
            print(json.dumps(told, ensure_ascii=False), flush=True)
        else:
            print(printed(told), flush=True)
    return EX_OK
