"""What the microphone hears, as a stream to a service that decides by itself when the person speaks.

Knows frames, and how much of them this link has. Must never know whose turn it is, nor why there is no line.

               attend                  pause
    Closed ─────────────► Running ◄──────────────► Pausing(until)
      ▲                     │         attend            │ a second later
      └──── conclude ───────┴───────────────────────────┘

Audio goes out while it is Running. `audioStreamEnd` is sent once for every stream that was begun on a link,
when nothing more of it comes: a second after it paused, or at once when the person has concluded. Audio
begins the next.

The last two seconds are kept, so that a line lost while somebody begins to speak loses no word; from
`retain` until `settle` it is the last fifteen, and they are sent again on the next line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .audio import FRAME_MS, RING_FRAMES, Frame
from .effects import Effect, Send, Tell
from .messages import Audio, AudioStreamEnd, ClientMessage, Image
from .uplink import CHUNK_FRAMES, KEEP_S, LINKS_PER_UTTERANCE, Flow
from .values import dataclass

PAUSE_S = 1.0  # the service wants to be told of pauses that are longer
KEEP_FRAMES = int(KEEP_S * 1000) // FRAME_MS


@dataclass(frozen=True, slots=True)
class Closed:
    pass


@dataclass(frozen=True, slots=True)
class Running:
    """From frame `cut` on, for turn `turn`; `began` when the first of it was sent."""

    turn: int
    cut: int
    began: bool = False


@dataclass(frozen=True, slots=True)
class Pausing:
    until: float


class Stream:
    """Frames in, chunks out, for as long as a conversation is open."""

    def __init__(self) -> None:
        self.tap: Closed | Running | Pausing = Closed()
        self.link: int | None = None
        self._frames: list[Frame] = []
        self._sent = 0
        self._lost = 0
        self._retained: int | None = None
        self._links = 0
        self._is_begun = False  # on this link, and not ended
        self.is_gated = False

    def __repr__(self) -> str:
        return f"stream {type(self.tap).__name__.lower()}"

    def deadline(self) -> float | None:
        return self.tap.until if isinstance(self.tap, Pausing) else None

    @property
    def is_running(self) -> bool:
        return isinstance(self.tap, Running)

    @property
    def is_waiting(self) -> bool:
        """Something is still to be sent: sound, or the end of it."""
        owed = self._is_begun and not self.is_running
        return owed or len(self._frames) - self._sent >= CHUNK_FRAMES

    def holds(self, turn: int) -> bool:
        return self._retained == turn

    # -- the conversation -----------------------------------------------------------------------------

    def attend(self, turn: int, cut: int, frames: Sequence[Frame]) -> Flow:
        """Run from frame `cut` on; `frames` are those that were heard already."""
        if isinstance(self.tap, Running):
            self.tap = replace(self.tap, turn=turn, began=False)
            return Flow()
        self._forget()
        self.tap = Running(turn, cut)
        self._frames = list(frames)
        return self._flow()

    def add(self, frame: Frame) -> Flow:
        """One more frame of the microphone."""
        if not isinstance(self.tap, Running) or frame.index < self.tap.cut:
            return Flow()
        self._frames.append(frame)
        return self._flow()

    def show(self, jpeg: bytes) -> Flow:
        """What is seen meanwhile. Nothing is kept: the next picture is newer."""
        if self.link is None or self.is_gated or not self._is_begun:
            return Flow()
        return Flow((Send(self.link, Image(jpeg)),))

    def retain(self, turn: int) -> None:
        """What is being said is not to be lost."""
        self._retained, self._links = turn, 0

    def settle(self, turn: int) -> None:
        """An answer to this turn began: it need not be kept."""
        if self._retained is not None and self._retained <= turn:
            self._retained = None
            del self._frames[: self._sent]
            self._sent = 0

    def drop(self, turn: int) -> None:
        """This turn need not be answered any more."""
        if self._retained == turn:
            self._forget()

    def pause(self, now: float) -> None:
        """Nothing more is sent, and nothing of it again; the end is told when the pause lasts."""
        self._forget()
        if isinstance(self.tap, Running):
            self.tap = Pausing(now + PAUSE_S)

    def conclude(self) -> Flow:
        """That was all: the rest is sent, and the end told at once."""
        self.tap = Closed()
        return self._flow()

    def wake(self, now: float) -> Flow:
        if isinstance(self.tap, Pausing) and now >= self.tap.until:
            return self.conclude()
        return Flow()

    # -- the line -------------------------------------------------------------------------------------

    def line_up(self, link: int) -> Flow:
        self.link, self.is_gated = link, False
        return self._flow()

    def line_down(self, *, drop_audio: bool = False) -> None:
        """What is kept is sent again, unless it has lost several links or (`drop_audio`) is suspected of
        having been the reason."""
        self.link, self.is_gated, self._is_begun = None, False, False
        self._links += 1
        self._sent = 0
        if drop_audio or self._links >= LINKS_PER_UTTERANCE:
            self._forget()

    def give_up(self) -> tuple[int, ...]:
        """There will be no line for long: the turn that nobody need wait for any more."""
        gone = () if self._retained is None else (self._retained,)
        self._forget()
        return gone

    def gate(self, *, closed: bool) -> Flow:
        """While the model waits for the answer to a blocking call, nothing may be sent to it."""
        self.is_gated = closed
        return self._flow()

    # -- inside ---------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._frames, self._sent, self._lost = [], 0, 0
        self._retained, self._links = None, 0

    def _flow(self) -> Flow:
        self._trim()
        link = self.link
        if link is None or self.is_gated:
            return Flow()
        messages = self._chunks()
        started: tuple[int, ...] = ()
        if messages:
            self._is_begun = True
            if isinstance(self.tap, Running) and not self.tap.began:
                self.tap = replace(self.tap, began=True)
                started = (self.tap.turn,)
        if self._is_begun and isinstance(self.tap, Closed):
            messages.append(AudioStreamEnd())
            self._is_begun = False
        told: list[Effect] = []
        if messages and self._lost:
            told = [Tell("lost", {"what": "the beginning of what you said", "count": 1, "why": "no line"})]
            self._lost = 0
        return Flow((*told, *(Send(link, message) for message in messages)), started)

    def _chunks(self) -> list[ClientMessage]:
        """What is not sent yet, in chunks; an odd last frame waits for the next, or for the end."""
        messages: list[ClientMessage] = []
        while left := len(self._frames) - self._sent:
            if left < CHUNK_FRAMES and self.is_running:
                break
            taken = self._frames[self._sent : self._sent + CHUNK_FRAMES]
            self._sent += len(taken)
            messages.append(Audio(b"".join(f.sound for f in taken), taken[0].rate_hz))
        return messages

    def _trim(self) -> None:
        """Keep what may have to be sent again, and no more."""
        surplus = len(self._frames) - KEEP_FRAMES
        if self._retained is None:
            surplus = max(surplus, min(self._sent, len(self._frames) - RING_FRAMES))
        if surplus > 0:
            del self._frames[:surplus]
            self._lost += max(0, surplus - self._sent)
            self._sent = max(0, self._sent - surplus)
