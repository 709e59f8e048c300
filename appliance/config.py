"""The configuration file, checked: all mistakes are reported at once.

Knows TOML, ranges and what goes with what. The settings themselves are in settings.py.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit

from .audition import audition, earcons
from .auth import with_auth
from .core.recollection import Remember, Where
from .errors import ConfigError, Problem
from .extra import extra_setup
from .home import check_pins, read_groups, read_lights, read_pin, read_scenes, read_status_light
from .models import LANGUAGES, VOICES
from .optics import optics
from .problems import Section, nearest, one_of
from .sections import budget, functions, offline, panel, timers, turns
from .settings import (
    ACTS,
    MODALITIES,
    VERSIONS,
    Button,
    Config,
    Live,
    ServiceTools,
)
from .suitable import suit


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with every mistake in it."""
    file = str(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(file, "the file", error.strerror or "an error", "a readable TOML file")
        raise ConfigError((problem,)) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigError((Problem(file, "the file", str(error), "TOML 1.0 in UTF-8"),)) from error
    return parse(table, file)


def parse(table: Mapping[str, object], file: str = "configuration") -> Config:
    """Check a configuration that was read. Raises ConfigError with every mistake in it."""
    problems: list[Problem] = []
    root = Section(file, "", table, problems)
    lights = read_lights(root.section("lights"))
    config = Config(
        live=_live(root.section("live")),
        audio=audition(root.section("audio")),
        earcons=earcons(root.section("earcons"), root.section("quiet")),
        turns=turns(root.section("turns")),
        button=_button(root.section("button")),
        status_light=read_status_light(root.section("status_light")),
        camera=optics(root.section("camera")),
        lights=lights,
        groups=(groups := read_groups(root.section("groups"), lights)),
        scenes=read_scenes(root.section("scenes"), lights, groups),
        budget=budget(root.section("budget")),
        timers=timers(root.section("timers")),
        functions=functions(root.section("functions")),
        offline=offline(root.section("offline")),
        panel=panel(root.section("panel")),
        socket=_only(root.section("control"), "socket"),
        transcripts=(privacy := _privacy(root.section("privacy")))[0],
        remember=privacy[1],
        log_level=_log(root.section("log")),
    )
    root.done()
    check_pins(root, config)
    warnings = suit(config, root)
    if problems:
        raise ConfigError(tuple(problems))
    return replace(config, warnings=warnings, file=file)


MOST_INSTRUCTION = 10_000  # characters


def _live(section: Section) -> Live:
    default = Live()
    live = Live(
        model=section.text("model", default.model, most=128),
        fallback_models=section.texts("fallback_models", most=128),
        endpoint=section.text("endpoint", default.endpoint, most=512).rstrip("/"),
        api_version=section.choice("api_version", default.api_version, VERSIONS),
        modality=section.choice("modality", default.modality, MODALITIES),
        voice=_named(section, "voice", VOICES),
        language=_named(section, "language", LANGUAGES),
        system_instruction=section.text("system_instruction", default.system_instruction),
        system_instruction_file=section.text("system_instruction_file", "", most=500),
        thinking=_thinking(section),
        affective_dialog=section.flag("affective_dialog", default=False),
        proactive_audio=section.flag("proactive_audio", default=False),
        connect=section.choice("connect", default.connect, ("on_press", "always")),
        idle_close_s=section.number("idle_close_s", default.idle_close_s, 5, 86_400, "seconds"),
        compress_at_tokens=section.whole("compress_at_tokens", None, 5_000, 1_000_000, "tokens"),
        compress_to_tokens=section.whole("compress_to_tokens", None, 1_000, 1_000_000, "tokens"),
        answer_timeout_s=section.number("answer_timeout_s", default.answer_timeout_s, 3, 300, "seconds"),
        tools=_service_tools(section.section("tools")),
        extra_setup=extra_setup(section),
    )
    live = with_auth(section, live)
    section.done()
    for key, models in (("model", (live.model,)), ("fallback_models", live.fallback_models)):
        if not all(model.strip() for model in models):
            section.wrong(key, live.model, "the name of a model", default.model)
    _endpoint(section, live.endpoint)
    at, to = live.compress_at_tokens, live.compress_to_tokens
    if at is not None and to is not None and to >= at:
        section.wrong("compress_to_tokens", to, f"less than compress_at_tokens ({at})")
    return _instructed(section, live)


def _named(section: Section, key: str, names: Collection[str]) -> str:
    """One of the names that the service knows, in any case; "" for none."""
    found = section.text(key, "", allowed="a name, or nothing", most=64)
    by_fold = {name.casefold(): name for name in names}
    if found and found.casefold() not in by_fold:
        listed = f"{one_of(list(names)[:8])} and others: see `appliance {key}s`"
        section.wrong(key, found, listed, nearest(found, names))
        return ""
    return by_fold.get(found.casefold(), "")


def _thinking(section: Section) -> str | int:
    value = section.raw("thinking")
    levels = ("minimal", "low", "medium", "high")
    if value is None or (isinstance(value, str) and value in ("", *levels)):
        return value or ""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 32_768:
        return value
    hint = nearest(value, levels) if isinstance(value, str) else None
    allowed = f"'' (the model's own), a number of tokens from 0 to 32768, or {one_of(levels)}"
    section.wrong("thinking", value, allowed, hint)
    return ""


def _service_tools(section: Section) -> ServiceTools:
    tools = ServiceTools(**{f.name: section.flag(f.name, default=False) for f in fields(ServiceTools)})
    section.done()
    return tools


def _instructed(section: Section, live: Live) -> Live:
    """With the instruction from its file, if it has one."""
    if not live.system_instruction_file:
        return live
    path = Path(live.system_instruction_file)
    if section.has("system_instruction"):
        section.wrong("system_instruction_file", str(path), "either this or system_instruction, not both")
    try:
        text = (Path(section.file).parent / path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        found = f"{path}: {error.strerror if isinstance(error, OSError) else 'not UTF-8'}"
        section.describe("system_instruction_file", found, "a readable text file")
        return live
    if not 0 < len(text) <= MOST_INSTRUCTION:
        section.describe(
            "system_instruction_file", f"{len(text)} characters", f"1 to {MOST_INSTRUCTION} characters"
        )
        return live
    return replace(live, system_instruction=text)


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


def _button(section: Section) -> Button:
    default, pin = Button(), section.raw("pin")
    button = Button(
        pin=None if pin is None else read_pin(section, "pin", pin),
        pull=section.choice("pull", default.pull, ("up", "down")),
        debounce_ms=section.whole("debounce_ms", default.debounce_ms, 0, 200, "milliseconds") or 0,
        double_ms=section.whole("double_ms", default.double_ms, 0, 1_000, "milliseconds") or 0,
        long_s=section.number("long_s", default.long_s, 2.5, 10, "seconds"),
        very_long=section.choice("very_long", default.very_long, ACTS),
        very_long_s=section.number("very_long_s", default.very_long_s, 3, 30, "seconds"),
        act_s=section.number("act_s", default.act_s, 4, 60, "seconds"),
    )
    section.done()
    if button.very_long_s <= button.long_s:
        section.wrong("very_long_s", button.very_long_s, f"more than long_s ({button.long_s:g})")
    if button.act_s <= button.very_long_s:
        section.wrong("act_s", button.act_s, f"more than very_long_s ({button.very_long_s:g})")
    return button


def _only(section: Section, key: str) -> str:
    value = section.text(key, "", most=100)  # sun_path holds 108 bytes, unix(7)
    section.done()
    return value


def _privacy(section: Section) -> tuple[bool, Remember]:
    default = Remember()
    transcripts = section.flag("transcripts", default=False)
    remember = Remember(
        where=cast("Where", section.choice("remember", default.where, get_args(Where))),
        exchanges=section.whole("remember_exchanges", default.exchanges, 1, 100, "exchanges") or 1,
        characters=section.whole("remember_characters", default.characters, 500, 20_000, "characters") or 500,
    )
    section.done()
    return transcripts, remember


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
