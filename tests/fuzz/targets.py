"""What is fuzzed: each target takes any bytes, and raises only if a promise is broken.

The same targets run under hypothesis in the ordinary tests and under a coverage-guided fuzzer (scripts/fuzz).
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from appliance import asking, config
from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core import wire
from appliance.core.floor import Manners
from appliance.errors import ConfigError, TraceError, WireError
from appliance.recorder.files import write_flight
from appliance.recorder.replay import follow
from appliance.settings import Config
from appliance.standin import strict
from appliance.standin.refusal import Refusal
from tests.core.room import CHUNK, Room
from tests.recorder.lives import HEADER, Watched

from .choices import Choices

MOST_STEPS = 60  # of one life: more finds nothing new, and is slow

# -- what comes over a socket -------------------------------------------------------------------------


def decoder(data: bytes) -> None:
    """What the service sends is messages, or a WireError."""
    try:
        messages = wire.decode(data)
    except WireError as error:
        assert str(error).isprintable(), "it goes into the journal"
        return
    for message in messages:
        assert type(message) in get_args(ms.ServerMessage)
        assert len(repr(message)) < 100 + 40 * len(data)


def request(data: bytes) -> None:
    """A line of the control socket is a request, a watch, or refused with a remedy."""
    try:
        found = asking.parse(data)
    except asking.Refused as refused:
        error, remedy = refused.args
        assert error
        assert remedy
        return
    assert found is None or type(found) in get_args(ev.Request)


def standin(data: bytes) -> None:
    """What a client sends is one message, or refused with a code."""
    try:
        message = strict.decode(data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return
    except Refusal as refusal:
        assert refusal.code in (1007, 1008)
        return
    assert message


# -- the configuration --------------------------------------------------------------------------------

SECTIONS = ("live", "audio", "turns", "button", "lights", "groups", "budget", "control", "privacy", "log")
VALUES: tuple[object, ...] = (
    *("", "a", "audio", "dimmer", "rgb", "switch", "low", "all", "\n", "\ud800", "ß" * 70, "wss://x", "//["),
    *(0, 1, -1, 4, 17, 28, 10**400, True, False, 0.5, float("nan"), float("inf"), 1e308),
    *([], [1, 2, 3], ["a"], [[]], [None], {}, {"a": {}}, {"pin": 4}, {"pin": 4, "kind": "dimmer"}),
)


@functools.cache
def keys() -> tuple[str, ...]:
    """The keys of the commented configuration, so that they are met."""
    text = (Path(__file__).parents[2] / "config" / "appliance.toml").read_text(encoding="utf-8")
    words = (line.lstrip("# ").partition("=")[0].strip() for line in text.splitlines())
    return tuple(sorted({word for word in words if word.isidentifier()} | {"a", "x.y", ""}))


def table(choices: Choices, depth: int = 0) -> dict[str, object]:
    made: dict[str, object] = {}
    while choices and len(made) < 12 and choices.byte() % 8:
        key = choices.one(SECTIONS if depth == 0 else keys()) if choices.byte() % 8 else choices.text()
        value = choices.one(VALUES)
        if choices.byte() % 2 and depth < 3:
            made[key] = table(choices, depth + 1)
        else:
            made[key] = value if choices.byte() % 4 else choices.text()
    return made


def configuration(data: bytes) -> None:
    """A table that TOML can hold is a configuration, or all its mistakes are named."""
    choices = Choices(data)
    try:
        found = tomllib.loads(choices.rest().decode()) if choices.byte() % 2 else table(choices)
    except (ValueError, RecursionError):
        return
    try:
        made = config.parse(found)
    except ConfigError as error:
        assert error.problems
        assert all(problem.key is not None and problem.allowed for problem in error.problems)
        return
    assert isinstance(made, Config)


# -- the machines -------------------------------------------------------------------------------------

TIMES = (0.0, 0.01, 0.05, 0.3, 1.0, 5.0, 30.0, 700.0)
PLAIN: tuple[ev.Event, ...] = (
    *(ev.Pressed(), ev.Released(), ev.Wake(), ev.SpeakerUp(), ev.SpeakerDown("gone")),
    *(ev.MicrophoneUp(), ev.MicrophoneDown("gone")),
)
REQUESTS: tuple[ev.Request, ...] = (
    *(
        ev.Talk(),
        ev.Press(down=True),
        ev.Press(down=False),
        ev.Talk(0.5),
        ev.Cancel(),
        ev.Status(),
        ev.Lights(),
        ev.Lights("all", "on"),
    ),
    *(ev.Ask("a"), ev.Ask("a", speak=True), ev.Say("a")),
)
SAID: tuple[ms.ServerMessage, ...] = (
    *(ms.SetupComplete(), CHUNK, ms.Words("a"), ms.Words("a", thought=True), ms.PersonSaid("a")),
    *(ms.ModelSaid("a"), ms.Interrupted(), ms.GenerationComplete(), ms.TurnComplete(), ms.Usage(1, 2, 3)),
    *(ms.Resumption(None), ms.Resumption(ms.Handle("h")), ms.GoAway(0.0), ms.GoAway(50.0), ms.Unknown("x")),
)
ARGUMENTS: tuple[ms.Json, ...] = (
    {"names": ["all"], "power": "on"},
    {"names": ["desk lamp"], "brightness": 9},
    {"names": "shelf", "colour": "red"},
    {},
)
CODES = (None, 1000, 1006, 1007, 1008, 1011, 429)


def life(data: bytes) -> None:
    """Whatever happens, in any order and at any time: it does not raise, and room.py's promises hold."""
    choices = Choices(data)
    mode = choices.byte()
    room = Room(
        always_connected=bool(mode & 1),
        reachable=not mode & 2,
        manners=Manners(max_utterance_s=8.0, interruptible=not mode & 4),
    )
    calls = asks = 0
    for _ in range(MOST_STEPS):
        if not choices:
            break
        match choices.byte() % 8:
            case 0 | 1:
                seconds, how = choices.one(TIMES), choices.byte() % 3
                room.promises.frames_since_beat = True
                frames = how != 2 and seconds < 10
                room.pass_time(seconds, speech=how == 1, frames=frames)
            case 2 | 3:
                calls = _said(room, choices, calls)
            case 4:
                asks += 1
                room.do(ev.Asked(asks, choices.one(REQUESTS)))
            case 5:
                link = room.promises.link + choices.byte() % 3 - 1
                cause, code = choices.one(list(ev.Cause)), choices.one(CODES)
                room.do(ev.LinkDown(link, cause, code, choices.text()))
            case 6:
                link, turn = room.promises.link, room.conversation.turn.number
                late = choices.byte() % 3 - 1
                room.do(
                    choices.one(
                        (ev.LinkUp(link + late), ev.Drained(turn + late, 9), ev.Sounding(turn + late))
                    )
                )
            case _:
                room.promises.frames_since_beat = True
                room.do(choices.one(PLAIN))
        assert "\n" not in repr(room.conversation)
    room.promises.frames_since_beat = True
    room.pass_time(400.0, frames=False)
    assert room.promises.replied == set(range(1, asks + 1)), "every request is answered"
    assert not room.promises.open_calls, "every call is answered"
    room.do(ev.Stop())
    assert room.promises.quit


def _said(room: Room, choices: Choices, calls: int) -> int:
    """One frame of the service; calls have ids of their own, as the service gives them."""
    messages: list[ms.ServerMessage] = list(choices.few(SAID, 3))
    link = room.promises.link
    if choices.byte() % 4 == 1 and room.conversation.session.link == link:
        made = [ms.FunctionCall(f"c{calls + n}", "set_lights", choices.one(ARGUMENTS)) for n in (1, 2)]
        calls += 2
        messages.insert(0, ms.ToolCall(tuple(made)))
    if choices.byte() % 8 == 1 and room.promises.open_calls:
        ids = tuple(sorted(i for _, i in room.promises.open_calls))
        room.promises.open_calls.clear()
        messages.insert(0, ms.ToolCallCancellation(ids))
    room.do(ev.Received(link, tuple(messages)))
    return calls


# -- a trace ------------------------------------------------------------------------------------------


@functools.cache
def trace() -> tuple[bytes, ...]:
    """A short trace as it is written."""
    with TemporaryDirectory() as place:
        room = Watched(Path(place))
        room.press()
        room.pass_time(0.4, speech=True)
        room.pass_time(1.0)
        assert room.recorder is not None
        path = write_flight(Path(place), HEADER, room.recorder._kept())
        assert path is not None
        return tuple(path.read_bytes().splitlines(keepends=True))


TOKENS = (b"null", b"-1", b"[]", b"{}", b'"x"', b"1e999", b"99999999999", b'{"@ref":0}', b'{"@list":[1]}')


def replayed(data: bytes) -> None:
    """Any file whatever is followed, or refused in one sentence."""
    choices = Choices(data)
    lines = list(trace())
    for _ in range(choices.byte() % 4):
        at = (choices.byte() * 256 + choices.byte()) % len(lines)
        lines[at] = _damaged(lines[at], choices)
    if choices.byte() % 8 == 7:
        lines[choices.byte() % 3 :] = [choices.rest()]
    try:
        result = follow(iter(lines))
    except TraceError as error:
        assert "\n" not in str(error)
        return
    json.dumps(result.as_json())
    assert str(result)


def _damaged(line: bytes, choices: Choices) -> bytes:
    """The line with one of its values replaced by another."""
    places = [place for place, byte in enumerate(line) if byte in b":,["]
    if not places:
        return choices.rest()
    start = places[(choices.byte() * 256 + choices.byte()) % len(places)] + 1
    end = start
    while end < len(line) and line[end] not in b",]}\n":
        end += 1
    return line[:start] + choices.one(TOKENS) + line[end:]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decoder": decoder,
    "request": request,
    "standin": standin,
    "configuration": configuration,
    "life": life,
    "replay": replayed,
}
