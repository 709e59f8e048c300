"""Lives that a recorder has seen: a room, a recorder beside it, and the file that comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.conversation import Conversation
from appliance.core.effects import Effect
from appliance.recorder.files import Header
from appliance.recorder.recorder import Delays, Recorder
from tests.core.room import LAMPS, Room, backoff, catalogue, rules

NAMES = tuple({lamp.name for lamp in LAMPS} | {lamp.room for lamp in LAMPS})
HEADER = Header("0.0", "digest", NAMES)


class Watched(Room):
    """A room whose conversation a recorder watches."""

    def __init__(
        self,
        state: Path,
        service: Callable[[Room, ms.ClientMessage], None] | None = None,
        reachable: bool = True,
        **changes: object,
    ) -> None:
        self.recorder: Recorder | None = None
        super().__init__(service, reachable, **changes)
        delays = Delays(backoff)
        self.conversation = Conversation(rules(**changes), catalogue(), delays)
        self.recorder = Recorder(self.conversation, delays, HEADER, state)
        self.state = state
        self.promises.frames_since_beat = True
        self.do(ev.MicrophoneUp())

    def do(self, event: ev.Event) -> list[Effect]:
        now = self.now
        effects = super().do(event)
        if self.recorder is not None:
            self.recorder.watch(event, effects, now)
        return effects


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def only_flight(state: Path) -> Path:
    [path] = state.glob("flight-*.jsonl")
    return path


def written(path: Path, lines: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
