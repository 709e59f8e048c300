"""What happened, one item for each event, as compact as it can be kept: frames by their moments alone.

Knows sizes. Must never know why something is kept, nor write anything.

An item is the text of one line of a trace, or a Run: frames in a row that led to nothing, of which there are
fifty a second.
"""

from __future__ import annotations

import copy
import json
from array import array
from collections.abc import Sequence
from dataclasses import field

from ..core.audio import FRAME_BYTES
from ..core.effects import Effect, Send
from ..core.events import Event, Heard
from ..core.messages import Audio
from ..core.values import dataclass
from .codec import Encoded, Encoder

RUN_FRAMES = 500  # ten seconds: a line of a trace that can still be read
FRAME_COST = 9  # bytes


@dataclass(slots=True)
class Run:
    """Frames one after the other, each with the moment at which it was handled."""

    index: int
    moments: array[float] = field(default_factory=lambda: array("d"))
    speech: bytearray = field(default_factory=bytearray)

    def line(self) -> Encoded:
        marks = "".join(f"{grade:x}" for grade in self.speech)
        return {"frames": self.index, "speech": marks, "now": self.moments.tolist()}


Item = str | Run


class Log:
    """`note` what happened; `take` it. `size` is about how many bytes it has."""

    def __init__(self, start: str = "") -> None:
        """`start` is the conversation as it stood before the first of it."""
        self.start = start
        self.items: list[Item] = []
        self.size = len(start)

    def note(
        self, now: float, event: Event, effects: Sequence[Effect], shown: str, drawn: Sequence[float]
    ) -> None:
        """`shown` is the repr of the conversation afterwards, `drawn` the delays that were taken."""
        if not effects and type(event) is Heard and _is_usual(event):
            self._frame(now, event)
            return
        text = self._sent(now, event, effects)
        if text is None:
            encode = Encoder().encode
            line = {"now": now, "event": encode(event), "effects": [encode(effect) for effect in effects]}
            text = json.dumps(line, separators=(",", ":"))
        text = f'{text[:-1]},"shown":{json.dumps(shown)}{_drawn(drawn)}}}'
        self.items.append(text)
        self.size += len(text)

    def kept(self) -> list[Item]:
        """The start and all that followed, as it is at this moment: a thread may read it."""
        items = [*([self.start] if self.start else []), *self.items]
        if items and isinstance(items[-1], Run):  # it may still grow
            items[-1] = copy.deepcopy(items[-1])
        return items

    def take(self) -> list[Item]:
        """What there is, which is then forgotten."""
        items, self.items, self.size = self.items, [], 0
        return items

    def _frame(self, now: float, heard: Heard) -> None:
        run = self.items[-1] if self.items else None
        if (
            not isinstance(run, Run)
            or len(run.moments) >= RUN_FRAMES
            or run.index + len(run.moments) != heard.index
        ):
            run = Run(heard.index)
            self.items.append(run)
        run.moments.append(now)
        run.speech.append(heard.speech)
        self.size += FRAME_COST

    def _sent(self, now: float, event: Event, effects: Sequence[Effect]) -> str | None:
        """A frame that was sent on at once, 25 times a second of speech: written without a detour."""
        if len(effects) != 1 or type(event) is not Heard or type(effects[0]) is not Send:
            return None
        send = effects[0]
        if type(send.message) is not Audio:
            return None
        return (
            f'{{"now":{now!r},"event":{{"@":"events.Heard","pcm":{{"@bytes":{len(event.pcm)}}},'
            f'"index":{event.index},"speech":{event.speech},"lost":{event.lost},'
            f'"wide":{{"@bytes":{len(event.wide)}}},"rate_hz":{event.rate_hz}}},"effects":[{{"@":"effects.Send",'
            f'"link":{send.link},"message":{{"@":"messages.Audio","pcm":{{"@bytes":{len(send.message.pcm)}}},'
            f'"rate_hz":{send.message.rate_hz}}}}}]}}'
        )


def _is_usual(heard: Heard) -> bool:
    return not heard.lost and not heard.wide and len(heard.pcm) == FRAME_BYTES


def _drawn(drawn: Sequence[float]) -> str:
    return f',"drawn":{json.dumps(list(drawn))}' if drawn else ""
