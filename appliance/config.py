"""The configuration file, checked: all mistakes are reported at once.

Knows TOML, ranges and what goes with what. The settings themselves are in settings.py.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .core.lights import Kind
from .errors import ConfigError, Problem
from .problems import Section, nearest, one_of
from .settings import ALL, PINS, PRESETS, VERSIONS, AudioDevices, Button, Config, Light, Live, Turns


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with every mistake in it."""
    file = str(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(file, "the file", error.strerror or "an error", "a readable TOML file")
        raise ConfigError((problem,)) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise ConfigError((Problem(file, "the file", str(error), "TOML 1.0 in UTF-8"),)) from error
    return parse(table, file)


def parse(table: Mapping[str, object], file: str = "configuration") -> Config:
    """Check a configuration that was read. Raises ConfigError with every mistake in it."""
    problems: list[Problem] = []
    root = Section(file, "", table, problems)
    lights = _lights(root.section("lights"))
    button = _button(root.section("button"))
    _pins(root, lights, button)
    config = Config(
        live=_live(root.section("live")),
        audio=_audio(root.section("audio")),
        turns=_turns(root.section("turns")),
        button=button,
        lights=lights,
        groups=_groups(root.section("groups"), lights),
        socket=_only(root.section("control"), "socket"),
        transcripts=_privacy(root.section("privacy")),
        log_level=_log(root.section("log")),
    )
    root.done()
    if problems:
        raise ConfigError(tuple(problems))
    return config


def _live(section: Section) -> Live:
    default = Live()
    live = Live(
        model=section.text("model", default.model, most=128),
        endpoint=section.text("endpoint", default.endpoint, most=512).rstrip("/"),
        api_version=section.choice("api_version", default.api_version, VERSIONS),
        voice=section.text("voice", default.voice, most=64),
        system_instruction=section.text("system_instruction", default.system_instruction),
        connect=section.choice("connect", default.connect, ("on_press", "always")),
        idle_close_s=section.number("idle_close_s", default.idle_close_s, 5, 86_400, "seconds"),
        compress_at_tokens=section.whole("compress_at_tokens", None, 5_000, 1_000_000, "tokens"),
        compress_to_tokens=section.whole("compress_to_tokens", None, 1_000, 1_000_000, "tokens"),
        answer_timeout_s=section.number("answer_timeout_s", default.answer_timeout_s, 3, 300, "seconds"),
    )
    section.done()
    if not live.model.strip():
        section.wrong("model", live.model, "the name of a model", default.model)
    _endpoint(section, live.endpoint)
    at, to = live.compress_at_tokens, live.compress_to_tokens
    if at is not None and to is not None and to >= at:
        section.wrong("compress_to_tokens", to, f"less than compress_at_tokens ({at})")
    return live


def _endpoint(section: Section, endpoint: str) -> None:
    allowed = "a base URL such as 'wss://host' or 'ws://127.0.0.1:8765', with no query"
    if any(sign in endpoint for sign in "?#@"):  # what stands there may be a key: it must not be printed
        section.describe("endpoint", "a URL with more than a host and a path in it", allowed)
        return
    try:
        url = urlsplit(endpoint)
        fine = url.scheme in ("ws", "wss") and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        fine = False
    if not fine:
        section.wrong("endpoint", endpoint, allowed)


def _audio(section: Section) -> AudioDevices:
    default = AudioDevices()
    audio = AudioDevices(
        backend=section.choice("backend", default.backend, ("pyaudio", "memory")),
        microphone=section.text("microphone", default.microphone, most=200),
        speaker=section.text("speaker", default.speaker, most=200),
    )
    section.done()
    return audio


def _turns(section: Section) -> Turns:
    default = Turns()

    def whole(key: str, least: int, most: int) -> int:
        chosen: int = getattr(default, key)
        return section.whole(key, chosen, least, most, "milliseconds") or 0

    preset = section.choice("endpointing", default.endpointing, PRESETS)
    hangover = section.whole("hangover_ms", PRESETS[preset], 200, 5_000, "milliseconds")
    turns = Turns(
        endpointing=preset,
        hangover_ms=hangover or PRESETS[preset],
        pre_roll_ms=whole("pre_roll_ms", 0, 2_000),
        reach_back_ms=whole("reach_back_ms", 0, 2_000),
        no_speech_s=section.number("no_speech_s", default.no_speech_s, 1, 60, "seconds"),
        follow_up_s=section.number("follow_up_s", default.follow_up_s, 0, 60, "seconds, 0 for never"),
        max_utterance_s=section.number("max_utterance_s", default.max_utterance_s, 5, 60, "seconds"),
        hold_ms=whole("hold_ms", 150, 2_000),
        tail_ms=whole("tail_ms", 0, 2_000),
        interruptible=section.flag("interruptible", default=default.interruptible),
    )
    section.done()
    return turns


def _button(section: Section) -> Button:
    default = Button()
    button = Button(
        pin=_pin(section, "pin", section.raw("pin")) if section.has("pin") else None,
        pull=section.choice("pull", default.pull, ("up", "down")),
        debounce_ms=section.whole("debounce_ms", default.debounce_ms, 0, 200, "milliseconds") or 0,
    )
    section.done()
    return button


def _pin(section: Section, key: str, value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value in PINS:
        return value
    section.wrong(key, value, f"a BCM pin number from {PINS[0]} to {PINS[-1]}")
    return None


def _lights(section: Section) -> tuple[Light, ...]:
    found: list[Light] = []
    for name in section.names():
        table = section.section(name)
        if not name.strip() or name != name.strip() or len(name) > 64:
            section.wrong(name, name, "a name of 1 to 64 characters without spaces around it")
        if name.casefold() == ALL:
            section.wrong(name, name, f"any other name: {ALL!r} means every light")
        if any(name.casefold() == other.name.casefold() for other in found):
            section.wrong(name, name, "names that differ in more than capital letters")
        found.append(_light(name, table))
    return tuple(found)


def _light(name: str, section: Section) -> Light:
    kind = Kind(section.choice("kind", Kind.SWITCH, [str(kind) for kind in Kind]))
    pins: tuple[int, ...] = ()
    single, several = section.raw("pin"), section.raw("pins")
    if kind is Kind.RGB:
        if isinstance(several, list) and len(several) == 3 and single is None:
            pins = tuple(p for p in (_pin(section, "pins", s) for s in several) if p is not None)
        else:
            found = several if several is not None else single
            section.wrong("pins", found, "three pins for an rgb light: [red, green, blue]")
    elif single is None or several is not None:
        section.wrong("pin", several, f"one pin for a {kind}, as in pin = 17")
    else:
        pins = tuple(p for p in (_pin(section, "pin", single),) if p is not None)
    light = Light(
        name=name,
        kind=kind,
        pins=pins,
        active_high=section.choice("active", "high", ("high", "low")) == "high",
        room=section.text("room", "", most=64),
        initial=section.choice("initial", "off", ("off", "on")),
        at_exit=section.choice("at_exit", "off", ("off", "on", "keep")),
    )
    section.done()
    return light


def _pins(root: Section, lights: tuple[Light, ...], button: Button) -> None:
    """No pin may have two uses: the second would silently take it from the first."""
    used: dict[int, str] = {}
    uses = [(f'lights."{light.name}"', pin) for light in lights for pin in light.pins]
    if button.pin is not None:
        uses.append(("button", button.pin))
    for use, pin in uses:
        if pin in used:
            root.problems.append(Problem(root.file, use, f"pin {pin}", f"a pin not used by {used[pin]}"))
        used.setdefault(pin, use)


def _groups(section: Section, lights: tuple[Light, ...]) -> dict[str, tuple[str, ...]]:
    known = {light.name.casefold(): light.name for light in lights}
    rooms = {light.room.casefold() for light in lights if light.room}
    groups: dict[str, tuple[str, ...]] = {}
    for name in section.names():
        if name.casefold() in known or name.casefold() in rooms or name.casefold() == ALL:
            section.wrong(name, name, f"a name that no light and no room has, and not {ALL!r}")
        members = section.raw(name)
        if not isinstance(members, list) or not members:
            section.wrong(name, members, "a list of names of lights")
            continue
        for member in members:
            if not isinstance(member, str) or member.casefold() not in known:
                names = tuple(known.values())
                section.wrong(name, member, one_of(names), nearest(str(member), names))
        groups[name] = tuple(known[str(m).casefold()] for m in members if str(m).casefold() in known)
    return groups


def _only(section: Section, key: str) -> str:
    value = section.text(key, "", most=100)  # sun_path holds 108 bytes, unix(7)
    section.done()
    return value


def _privacy(section: Section) -> bool:
    value = section.flag("transcripts", default=False)
    section.done()
    return value


def _log(section: Section) -> str:
    value = section.choice("level", "info", ("debug", "info", "warning"))
    section.done()
    return value


def socket_path(config: Config) -> Path:
    """Where the control socket is: as configured, else in the runtime directory.

    The service manager names it in RUNTIME_DIRECTORY; a person's own daemon uses XDG_RUNTIME_DIR.
    """
    if config.socket:
        return Path(config.socket)
    if directory := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(directory.split(":")[0]) / "control.sock"
    system = Path("/run/appliance")
    own = os.environ.get("XDG_RUNTIME_DIR")
    return (Path(own) / "appliance" if own and not system.is_dir() else system) / "control.sock"
