"""What the pump did last, in memory; written when somebody asks, or when it comes to an end by a bug.

Knows how much is kept, and where a file goes. Must never be the reason that the box stops: a disk that is
full or read-only costs the trace, and a line in the journal.

    pump ─► [ start ─ items ]   [ start ─ items ] ─► flight-20261122T225100Z.jsonl
              former segment      this one

A life cannot be kept whole, and a fresh core does not continue one. So a segment begins with the conversation
as it stood, every machine of it; when it is full the next begins, and the one before is kept until then. What
is written is both: at least one whole segment, which a replay can follow from its start to the last event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..core.conversation import Conversation
from ..core.effects import Effect
from ..core.events import Event
from .codec import Encoder
from .files import Header, lines, open_new, write_flight
from .log import Item, Log

log = logging.getLogger(__name__)

SEGMENT_BYTES = 450_000  # two of them, with their starts, stay below a megabyte
SEGMENT_QUIET_BYTES = 350_000  # from here on the next begins where nobody is kept waiting by it
TRACE_BYTES = 64 << 20  # of a --trace: about a day of silence, hours of talk
FLUSH_S = 1.0

UnderWay = tuple[Event, float, list[Effect] | None]


class Delays:
    """A source of delays that remembers what was drawn from it: what is left to chance is kept, too."""

    def __init__(self, source: Callable[[], Iterator[float]]) -> None:
        self._source = source
        self.drawn: list[float] = []

    def __call__(self) -> Iterator[float]:
        for delay in self._source():
            self.drawn.append(delay)
            yield delay

    def take(self) -> list[float]:
        drawn, self.drawn = self.drawn, []
        return drawn


class Recorder:
    """A watcher of the pump. Use it on the loop thread."""

    def __init__(self, conversation: Conversation, delays: Delays, header: Header, state: Path) -> None:
        """`state` is the directory that flights are written to."""
        self._conversation = conversation
        self._delays = delays
        self._header = header
        self._state = state
        self._segment = self._begun()
        self._former: Log | None = None
        self._writing: asyncio.Task[None] | None = None
        self._trace: Trace | None = None

    def trace(self, file: Path) -> None:
        """Write everything from now on into this new file. Raises TraceError where it cannot be made."""
        self._trace = Trace(file, self._header, self._snapshot())

    def watch(self, event: Event, effects: Sequence[Effect], now: float) -> None:
        """An event was handled and its effects performed."""
        drawn = self._delays.take() if self._delays.drawn else ()
        shown = repr(self._conversation) if effects else ""
        if self._trace is not None:
            self._trace.log.note(now, event, effects, shown, drawn)
        segment = self._segment
        segment.note(now, event, effects, shown, drawn)
        if segment.size >= SEGMENT_QUIET_BYTES and (
            segment.size >= SEGMENT_BYTES or self._conversation.turn.is_quiet
        ):
            self._former, self._segment = segment, self._begun()

    def crashed(self, under_way: UnderWay | None, error: BaseException) -> None:
        """All comes to an end by this bug; `under_way` is what the pump was doing."""
        event, now, effects = under_way or (None, 0.0, None)
        if event is not None and effects is not None:  # the core had done its part: the bug is in the hands
            self.watch(event, effects, now)
            event = None
        last = _last_words(event, now, self._delays.take(), error)
        if self._trace is not None:
            self._trace.end([last])
        try:
            path = write_flight(self._state, self._header, [*self._kept(), last], crash=True)
        except OSError as failure:
            log.warning("the last events cannot be kept in %s: %s", self._state, failure.strerror)
            return
        if path is not None:
            log.error("a bug: the last events are in %s; see: appliance replay %s", path, path)

    def ask(self) -> None:
        """Somebody wants to see it: write what there is, in the background."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def run(self) -> None:
        """Write the trace, if there is one, as it grows."""
        while self._trace is not None:
            await asyncio.sleep(FLUSH_S)
            await asyncio.to_thread(self._trace.write, self._trace.log.take())
        await asyncio.Event().wait()

    async def close(self) -> None:
        """What is asked for is written to its end."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._trace is not None:
            self._trace.end()

    async def _write(self) -> None:
        kept = self._kept()
        try:
            path = await asyncio.to_thread(write_flight, self._state, self._header, kept)
        except OSError as failure:
            log.warning("the last events cannot be written to %s: %s", self._state, failure.strerror)
            return
        if path is not None:
            log.info("the last events are in %s", path, extra={"APPLIANCE_EVENT": "flight"})

    def _begun(self) -> Log:
        return Log(self._snapshot())

    def _snapshot(self) -> str:
        return json.dumps({"start": Encoder().encode(self._conversation)}, separators=(",", ":"))

    def _kept(self) -> list[Item]:
        segments = [self._segment] if self._former is None else [self._former, self._segment]
        return [item for segment in segments for item in segment.kept()]


class Trace:
    """Everything from the start, into one file of bounded size."""

    def __init__(self, file: Path, header: Header, start: str) -> None:
        self._file = open_new(file)
        self._path = file
        self._lines = lines(header)
        self._left = TRACE_BYTES
        self.log = Log()
        self.write([start])

    def end(self, last: Sequence[str] = ()) -> None:
        self.write([*self.log.take(), *last])
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, items: Sequence[Item]) -> None:
        """Continue the file; may be called in a thread, and waits for nobody but the disk."""
        if self._file is None:
            return
        try:
            for line in self._lines(items):
                self._left -= len(line.encode())
                if self._left < 0:
                    log.warning("%s is full: %d bytes", self._path, TRACE_BYTES)
                    self._file.close()
                    self._file = None
                    return
                self._file.write(line)
            self._file.flush()
        except OSError as error:
            log.warning("%s is not continued: %s", self._path, error.strerror)
            self._file = None


def _last_words(event: Event | None, now: float, drawn: list[float], error: BaseException) -> str:
    """The line of a crash: which bug and where, but not what it says, as that may quote somebody."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
    told = None if event is None else Encoder().encode(event)
    bug = {"crash": type(error).__name__, "raised_at": at}
    return json.dumps({"now": now, "event": told, "drawn": drawn, **bug})
