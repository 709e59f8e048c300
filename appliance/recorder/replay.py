"""A trace, done again: does the core that we have now do what was written then?

Knows how a trace is read. Must never trust it: a file is made by whoever made it, and what is in it can name
nothing but the core's own values.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..core.audio import FRAME_BYTES
from ..core.conversation import Conversation
from ..core.events import Event, Heard
from ..core.values import dataclass
from ..errors import TraceError
from .codec import Decoder, Encoded, Encoder
from .files import FORMAT, core_digest
from .log import RUN_FRAMES
from .redaction import Redactor

MOST_FILE_BYTES = 128 << 20
MOST_LINE_BYTES = 4 << 20
MOST_STEPS = 5_000_000  # a day of frames
SILENCE = bytes(FRAME_BYTES)


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first event (counted from 1) at which the core does not do what was written."""

    event: int
    what: str  # "effects", "state" or "bug"
    told: Encoded
    expected: object
    got: object

    def __str__(self) -> str:
        then, now = _pretty(self.expected), _pretty(self.got)
        diff = difflib.unified_diff(then, now, "then", "now", lineterm="")
        return "\n".join((f"event {self.event}: other {self.what}", *_pretty(self.told), *diff))


@dataclass(frozen=True, slots=True)
class Result:
    """How many events went the same way, and what did not. `crash`: it ended by the same bug."""

    events: int
    crash: str = ""
    divergence: Divergence | None = None
    other_core: bool = False

    def __str__(self) -> str:
        if self.divergence is None:
            bug = f"; the last one raises {self.crash}, as it did then" if self.crash else ""
            return f"{self.events} events, no divergence{bug}"
        note = "\nthe trace was written by another version of the core" if self.other_core else ""
        return f"{self.divergence}{note}"

    def as_json(self) -> dict[str, object]:
        found = self.divergence
        shown = None if found is None else {k: getattr(found, k) for k in Divergence.__slots__}
        told = {"events": self.events, "crash": self.crash, "other_core": self.other_core}
        return {"ok": found is None, **told, "divergence": shown}


def replay(file: Path) -> Result:
    """Read a trace and do it again. Raises TraceError, one sentence, for a file that is none."""
    if not file.is_file():
        raise TraceError(f"{file} is no file")
    if file.stat().st_size > MOST_FILE_BYTES:
        raise TraceError(f"{file} is too large for a trace")
    try:
        with file.open("rb") as opened:
            return follow(iter(lambda: opened.readline(MOST_LINE_BYTES), b""))
    except OSError as error:
        raise TraceError(f"{file} cannot be read: {error.strerror}") from error
    except TraceError as error:
        raise TraceError(f"{file}: {error}") from error


def follow(lines: Iterator[bytes]) -> Result:
    """The lines of a trace, done again. Raises TraceError."""
    header = _object(next(lines, b""), 1)
    names = _header(header)
    player = _Player(Redactor(names, again=True), other_core=header.get("core") != core_digest())
    for number, line in enumerate(lines, 2):
        try:
            result = player.play(_object(line, number))
        except (TraceError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise TraceError(f"line {number} cannot be understood: {reason}") from None
        if result is not None:
            return result
    return player.result()


def _header(header: Mapping[str, object]) -> Sequence[str]:
    match header:
        case {"trace": int(version)} if version > FORMAT:
            raise TraceError(f"written by a newer version (format {version}; this one reads {FORMAT})")
        case {"trace": int(version), "names": list(names)} if version == FORMAT:
            if all(isinstance(name, str) for name in names):
                return names
    raise TraceError("this is no trace: its first line does not say so")


def _object(line: bytes, number: int) -> dict[str, object]:
    if not line.endswith(b"\n"):
        what = "it is empty" if not line else "it is cut off"
        raise TraceError(f"line {number} is not whole: {what}")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise TraceError(f"line {number} is not JSON") from None
    if not isinstance(value, dict):
        raise TraceError(f"line {number} is no object")
    return value


class Drawn:
    """In the place of whatever gave the delays: it gives those that were drawn then."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    def __call__(self) -> Drawn:
        return self

    def __iter__(self) -> Drawn:
        return self

    def __next__(self) -> float:
        return self.delays.pop(0) if self.delays else 0.0  # one too many is a divergence, soon seen


class _Player:
    def __init__(self, redactor: Redactor, *, other_core: bool) -> None:
        self._redactor = redactor
        self._other_core = other_core
        self._drawn = Drawn()
        self._core: Conversation | None = None
        self._count = 0
        self._crash = ""
        self._over = False

    def play(self, line: Mapping[str, object]) -> Result | None:
        """One line; the result, if there is no need to go on."""
        if self._over:
            raise TraceError("it goes on after its end")
        match line:
            case {"start": dict(start)}:
                return self._start(start)
            case {"frames": int(index), "speech": str(speech), "now": list(moments)}:
                return self._frames(index, speech, moments)
            case {"event": event, "now": now, "crash": str(name)}:
                self._drawn.delays = _delays(line)
                return self._end(event, _moment(now), name)
            case {"event": dict(event), "now": now, "effects": list(effects)}:
                self._drawn.delays = _delays(line)
                shown = line.get("shown", "")
                return self._step(self._event(event), event, _moment(now), effects, shown)
        raise TraceError("it says nothing that we know")

    def result(self, found: Divergence | None = None) -> Result:
        return Result(self._count, self._crash, found, self._other_core)

    # -- inside -------------------------------------------------------------------------------------

    def _start(self, start: dict[str, object]) -> Result | None:
        if self._core is not None:
            then, now = _comparable(start), _comparable(self._redactor.redact(Encoder().encode(self._core)))
            if then != now:
                return self.result(Divergence(self._count, "state", None, then, now))
            return None
        core = Decoder(outside=self._drawn).decode(start)
        if not isinstance(core, Conversation):
            raise TraceError("it begins with something else than a conversation")
        self._core = core
        return None

    def _frames(self, index: int, speech: str, moments: list[object]) -> Result | None:
        if len(speech) != len(moments) or len(speech) > RUN_FRAMES or set(speech) - set("0123456789a"):
            raise TraceError("its frames are not as many as their moments")
        for place, (mark, moment) in enumerate(zip(speech, moments, strict=True)):
            heard = Heard(SILENCE, index + place, int(mark, 16))
            if (result := self._step(heard, None, _moment(moment), [], "")) is not None:
                return result
        return None

    def _event(self, event: object) -> Event:
        return Decoder(outside=self._drawn).decode(event)  # type: ignore[return-value]  # handle says if not

    def _handle(self, event: object, now: float) -> tuple[Encoded, str]:
        """What the core does, and how it looks then. Raises whatever it raises."""
        if self._core is None:
            raise TraceError("it has no start")
        self._count += 1
        if self._count > MOST_STEPS:
            raise TraceError("it is too long")
        effects = self._core.handle(event, now)  # type: ignore[arg-type]
        done = [Encoder().encode(effect) for effect in effects]
        return self._redactor.redact(done), repr(self._core) if effects else ""

    def _step(
        self, event: object, told: Encoded, now: float, expected: Encoded, shown: object
    ) -> Result | None:
        told = self._redactor.redact(Encoder().encode(event)) if told is None else told
        try:
            done, looks = self._handle(event, now)
        except TraceError:
            raise
        except Exception as bug:
            raised = f"{type(bug).__name__}: {bug}"
            return self.result(Divergence(self._count, "bug", told, expected, raised))
        if done != expected:
            return self.result(Divergence(self._count, "effects", told, expected, done))
        if looks != shown:
            return self.result(Divergence(self._count, "state", told, shown, looks))
        return None

    def _end(self, told: object, now: float, name: str) -> Result | None:
        """The pump came to an end by a bug: in the core, which is seen again, or in somebody's hands."""
        self._over = True
        if told is None:
            return None
        try:
            event = self._event(told)
            done, _ = self._handle(event, now)
        except TraceError:
            raise
        except Exception as bug:
            if type(bug).__name__ == name:
                self._crash = name
                return None
            done = f"{type(bug).__name__}: {bug}"
        return self.result(Divergence(self._count, "bug", told, name, done))


def _comparable(value: Encoded) -> Encoded:
    """Without what stands outside: there it is another thing than here."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        if "@outside" in value:
            return {"@outside": ""}
        return {key: _comparable(item) for key, item in value.items()}
    return value


def _delays(line: Mapping[str, object]) -> list[float]:
    drawn = line.get("drawn", [])
    if not isinstance(drawn, list) or not all(_is_number(delay) for delay in drawn):
        raise TraceError("its delays are none")
    return list(drawn)


def _moment(value: object) -> float:
    if not _is_number(value):
        raise TraceError("its moment is none")
    return float(value)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pretty(value: object) -> list[str]:
    return json.dumps(value, indent=1, ensure_ascii=False).splitlines()
