"""`appliance setup`: from a bare machine to a box that hears, answers and lights, one question at a time.

Knows the order of the questions and where the answers go. Must never change what a person has written in
their configuration beyond what was asked, nor show or log the key.

    terminal  the person             editing  their file              ../trial  the parts, one at a time

Without a person (`--unattended`) the answers are options, and nothing is tried but what they name.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..adapters.choice import bare
from ..adapters.systemd import VARIABLES, fit
from ..caller import request
from ..config import load, parse, socket_path
from ..core.lights import Kind
from ..doctor.finding import Finding, State
from ..doctor.service import reached
from ..errors import EX_OK, ApplianceError, ControlError, CredentialError, HardwareError
from ..settings import PINS, AudioDevices, Config, Light
from ..trial import blinked, heard, loudness_db, meter, pressed, sounded
from .editing import Change, edited
from .terminal import Terminal

KEY_NAME = "gemini-api-key"
LISTEN_S = 4.0
PRESS_S = 20.0
QUIETEST_DB = -45.0  # somebody who speaks to a microphone is louder than this
TRIES = 3


class SetupError(ApplianceError):
    """It cannot be set up so."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unattended", action="store_true", help="ask nothing; take what the options say")
    parser.add_argument("--microphone", metavar="NAME", help="as `appliance devices` lists them")
    parser.add_argument("--speaker", metavar="NAME", help="likewise")
    parser.add_argument("--button", type=_pin, metavar="PIN", help="GPIO (BCM) number of the button")
    parser.add_argument(
        "--light",
        type=_light,
        action="append",
        default=[],
        metavar="NAME=PIN",
        help="a light that is switched, or NAME=dimmer:PIN, or NAME=rgb:PIN,PIN,PIN; may be repeated",
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="take the key from it")
    parser.add_argument("--offline", action="store_true", help="do not try the key")


def _pin(text: str) -> int:
    if not text.isdecimal() or int(text) not in PINS:
        raise argparse.ArgumentTypeError(f"a BCM pin number from {PINS[0]} to {PINS[-1]}")
    return int(text)


def _light(text: str) -> Light:
    name, equals, rest = text.partition("=")
    kind, colon, numbers = rest.rpartition(":")
    if not equals or (colon and kind not in tuple(Kind)):
        raise argparse.ArgumentTypeError("NAME=PIN, NAME=dimmer:PIN or NAME=rgb:PIN,PIN,PIN")
    return Light(name.strip(), Kind(kind or "switch"), tuple(_pin(one) for one in numbers.split(",")))


def setup(options: argparse.Namespace, usual: Path) -> int:
    """Ask, try, and write. Raises ApplianceError; then nothing was written but what had been said to be."""
    file: Path = options.config or usual
    text, config = _begun(file)
    _alone(config)
    terminal = Terminal()
    changes: list[Change] = []
    if options.unattended:
        changes += _given(options)
        _with(config, text, changes, file)  # before anything is written: what is wrong with it is told
        _key_given(options, config, file.parent / KEY_NAME)
    else:
        terminal.tell(f"This sets up {file}. Nothing else in it is changed; Ctrl-C ends it at any time.\n")
        _key_asked(terminal, options, config, file.parent / KEY_NAME)
        for step in (_microphone, _speaker, _button, _lights, _echo):
            changes += step(terminal, _with(config, text, changes, file))
    return _write(terminal, file, text, changes)


def _begun(file: Path) -> tuple[str, Config]:
    """The file as it is, or an empty one."""
    if not file.exists():
        return "# See the commented default for every key: config/appliance.toml\n", parse({}, str(file))
    config = load(file)
    return file.read_text(encoding="utf-8"), config


def _alone(config: Config) -> None:
    """A daemon has the devices and the pins."""
    with contextlib.suppress(ControlError):
        request(socket_path(config), {"do": "status"})
        raise SetupError("the daemon has the devices: sudo systemctl stop appliance, and begin again")


def _with(config: Config, text: str, changes: Sequence[Change], file: Path) -> Config:
    """The configuration as it would be by now."""
    return parse(tomllib.loads(edited(text, changes)), str(file)) if changes else config


def _write(terminal: Terminal, file: Path, text: str, changes: Sequence[Change]) -> int:
    new = edited(text, changes)
    parse(tomllib.loads(new), str(file))  # raises what is wrong with it before anything is written
    if new != text or not file.exists():
        written(file, new, 0o644)
        terminal.tell(f"{file} is written.")
    else:
        terminal.tell(f"{file} is as it was.")
    terminal.tell("Start the box: sudo systemctl restart appliance. Look after it: appliance doctor")
    return EX_OK


def written(file: Path, text: str, mode: int) -> None:
    """Whole or not at all, whenever the power goes. Raises SetupError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
            Path(name).chmod(file.stat().st_mode & 0o777 if mode != 0o600 and file.exists() else mode)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SetupError(
            f"{file} cannot be written: {error.strerror}; use sudo, or another --config"
        ) from error


# -- without a person -----------------------------------------------------------------------------------


def _given(options: argparse.Namespace) -> list[Change]:
    changes: list[Change] = []
    for what in ("microphone", "speaker"):
        if (name := getattr(options, what)) is not None:
            changes.append((("audio",), what, name))
    if options.button is not None:
        changes.append((("button",), "pin", options.button))
    for light in options.light:
        changes += _light_changes(light)
    return changes


def _light_changes(light: Light) -> list[Change]:
    path = ("lights", light.name)
    if light.kind is Kind.RGB:
        return [(path, "kind", "rgb"), (path, "pins", light.pins)]
    return [(path, "kind", str(light.kind)), (path, "pin", light.pins[0])]


def _key_given(options: argparse.Namespace, config: Config, file: Path) -> None:
    if options.key_file is None:
        return
    try:
        key = options.key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CredentialError(f"the key file {options.key_file} cannot be read: {reason}") from None
    fit(key, f"the key in {options.key_file}", "it is one line and nothing else")
    tried = None if options.offline else _tried(config, key)
    if tried is not None and tried.state is State.WRONG:
        raise CredentialError(f"the key was not stored: {tried.found}; {tried.remedy}")
    written(file, f"{key}\n", 0o600)


# -- with a person ----------------------------------------------------------------------------------------


def _key_asked(terminal: Terminal, options: argparse.Namespace, config: Config, file: Path) -> None:
    if config.live.auth == "token":
        return
    if file.exists() and not terminal.agrees(f"There is a key in {file}. Replace it?", usual=False):
        return
    for _ in range(TRIES):
        key = terminal.secret("The API key of the provider (it is not shown; nothing to leave it out)")
        if not key:
            return
        try:
            fit(key, "what you typed", "a key is one word of letters, digits and signs")
        except CredentialError as error:
            terminal.tell(str(error))
            continue
        tried = None if options.offline else _tried(config, key)
        if tried is not None and tried.state is State.WRONG:
            terminal.tell(f"It was tried: {tried.found}. {tried.remedy}")
            if not terminal.agrees("Store it all the same?", usual=False):
                continue
        elif tried is not None:
            terminal.tell(f"It works: {tried.found}")
        written(file, f"{key}\n", 0o600)
        terminal.tell(f"It is stored in {file}, for root alone.")
        return


def _tried(config: Config, key: str) -> Finding:
    with _environment(key):
        return asyncio.run(reached(config))


@contextlib.contextmanager
def _environment(key: str) -> Iterator[None]:
    """The key where a dial looks for it, and nowhere afterwards."""
    before = {name: os.environ.pop(name, None) for name in (*VARIABLES, "CREDENTIALS_DIRECTORY")}
    os.environ[VARIABLES[0]] = key
    try:
        yield
    finally:
        del os.environ[VARIABLES[0]]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _microphone(terminal: Terminal, config: Config) -> list[Change]:
    def tries(chosen: Config) -> bool:
        terminal.tell("Speak for four seconds.")
        pcm = asyncio.run(heard(chosen.audio, LISTEN_S, lambda db: terminal.show(meter(db))))
        steps = range(0, len(pcm) - 3200, 3200)
        loudest = max((loudness_db(pcm[at : at + 3200]) for at in steps), default=-100.0)
        terminal.show("")
        terminal.tell(f"The loudest was {meter(loudest)}")
        if loudest < QUIETEST_DB:
            terminal.tell("That is faint. Is it muted, or the wrong one? `alsamixer` turns it up.")
        return terminal.agrees("Is this the microphone?", usual=loudest >= QUIETEST_DB)

    return _device(terminal, config, "microphone", tries)


def _speaker(terminal: Terminal, config: Config) -> list[Change]:
    def tries(chosen: Config) -> bool:
        asyncio.run(sounded(chosen.audio))
        return terminal.agrees("Did you hear four short sounds?")

    return _device(terminal, config, "speaker", tries)


def _meant(audio: AudioDevices, what: str, name: str) -> AudioDevices:
    return replace(audio, microphone=name) if what == "microphone" else replace(audio, speaker=name)


def _device(terminal: Terminal, config: Config, what: str, tries: Callable[[Config], bool]) -> list[Change]:
    if config.audio.backend == "memory":
        return []
    from ..listing import devices  # late: it brings the sound system along

    rows: Sequence[Mapping[str, object]] = devices(config.audio)[f"{what}s"]  # type: ignore[assignment]
    if not rows:
        terminal.tell(f"There is no {what}. Plug one in; it is found by itself.")
        return []
    names = [bare(str(row["name"])) for row in rows]
    usual = next((number for number, row in enumerate(rows) if row["chosen"]), len(names))
    while True:
        number = terminal.choose(f"The {what}", [*names, "leave it as it is"], usual)
        if number == len(names):
            return []
        # What is chosen already stays as it was written: "default" follows the system's own choice.
        name = getattr(config.audio, what) if number == usual else names[number]
        try:
            if tries(replace(config, audio=_meant(config.audio, what, name))):
                return [] if number == usual else [(("audio",), what, name)]
        except HardwareError as error:
            terminal.tell(f"It does not work: {error}")


def _button(terminal: Terminal, config: Config) -> list[Change]:
    while True:
        pin = _pin_asked(terminal, "GPIO (BCM) number of the button, - for none", config.button.pin)
        if pin is None:
            return []
        terminal.tell(f"Press it (GPIO{pin}, and ground) within {PRESS_S:g} seconds.")
        try:
            if asyncio.run(pressed(replace(config.button, pin=pin), PRESS_S)):
                terminal.tell("Pressed.")
                return [] if pin == config.button.pin else [(("button",), "pin", pin)]
            terminal.tell("Nothing came. Is it wired to that pin and to ground?")
        except HardwareError as error:
            terminal.tell(str(error))
        if not terminal.agrees("Try again?"):
            return []


def _pin_asked(terminal: Terminal, question: str, usual: int | None) -> int | None:
    def read(text: str) -> int:
        if text == "-":
            return -1
        if int(text) not in PINS:
            raise ValueError
        return int(text)

    shown = "-" if usual is None else str(usual)
    found = terminal.until(question, read, f"a number from {PINS[0]} to {PINS[-1]}, or -", shown)
    return None if found == -1 else found


def _lights(terminal: Terminal, config: Config) -> list[Change]:
    for light in config.lights:
        _blink(terminal, light)
    changes: list[Change] = []
    while name := terminal.ask("Another light: its name, as you would say it (nothing for no more)"):
        kinds = [str(kind) for kind in Kind]
        kind = Kind(kinds[terminal.choose("What it is", kinds)])
        colours = ("red", "green", "blue") if kind is Kind.RGB else ("it",)
        pins = [_pin_asked(terminal, f"GPIO (BCM) number of {colour}", None) for colour in colours]
        if None in pins:
            continue
        light = Light(name, kind, tuple(pin for pin in pins if pin is not None))
        if _blink(terminal, light):
            changes += _light_changes(light)
    return changes


def _blink(terminal: Terminal, light: Light) -> bool:
    while True:
        try:
            asyncio.run(blinked(light))
            if terminal.agrees(f"Did {light.name!r} blink three times?"):
                return True
        except HardwareError as error:
            terminal.tell(str(error))
        if not terminal.agrees("Try again?", usual=False):
            return False


def _echo(terminal: Terminal, config: Config) -> list[Change]:
    if config.audio.backend == "memory" or config.audio.echo not in ("auto", "cancel"):
        return []
    if not terminal.agrees("Measure its echo? It plays a noise for eight seconds; be silent"):
        return []
    try:
        from ..sounding import sounded as measured  # late: the canceller

        terminal.tell(str(asyncio.run(measured(config.audio))))
    except (HardwareError, ImportError) as error:
        terminal.tell(f"It was not measured: {error}")
    return []
