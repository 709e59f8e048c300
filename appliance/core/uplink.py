"""What the person said, until the service has it.

Knows utterances and whether there is a line. Must never know whose turn it is, nor why there is no line.

An utterance is an activity: activityStart, its audio, activityEnd, in that order and on one link. It is
kept whole until an answer begins; when the link is lost it is sent again, from its first frame, into an
activity on the next one. So not one frame is lost, and none is sent twice in one activity. Of pictures only
the newest is kept, and sent with the rest: a burst of old ones is what the service hangs up on.

    open(turn) ──► add(pcm)... ──► close(turn) ──► settle(turn): the answer began, forget it
                                            └────► expired: no line within KEEP_S, or refused too often
"""

from __future__ import annotations

from collections import deque
from dataclasses import field

from .audio import FRAME_MS, RATE_HZ
from .effects import Effect, Send
from .messages import ActivityEnd, ActivityStart, Audio, ClientMessage, Content, Image, Text
from .values import dataclass

CHUNK_FRAMES = 2  # 40 ms: the upper end of the 20 to 40 ms that the service advises, half the messages
KEEP_S = 15.0  # a question answered later than that is an answer to nobody
LINKS_PER_UTTERANCE = 3  # an utterance that has lost three links may be what kills them


@dataclass(slots=True)
class Utterance:
    """One activity, spoken or still being spoken."""

    turn: int
    frames: list[bytes] = field(default_factory=list)
    rate_hz: int = RATE_HZ
    text: str = ""
    jpeg: bytes = b""
    shown: bool = False
    closed_at: float | None = None
    links: int = 0
    sent: int = 0
    started: bool = False
    ended: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What to send, and which turns thereby had their activity begun, and ended."""

    effects: tuple[Effect, ...] = ()
    started: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()


class Uplink:
    """Utterances in the order they were spoken, and how much of each this link has."""

    def __init__(self, *, marked: bool = True) -> None:
        """`marked`: activities are marked; else the service finds out by itself when one begins and ends,
        and only what is typed comes this way."""
        self._marked = marked
        self._kept: deque[Utterance] = deque()
        self.link: int | None = None
        """The line that is used, None while there is none."""
        self.is_gated = False
        self._realtime_text = True

    def __repr__(self) -> str:
        unsent = sum(len(u.frames) - u.sent for u in self._kept)
        return f"unsent {unsent * FRAME_MS / 1000:.1f} s" if unsent else "sent"

    def deadline(self) -> float | None:
        since = self.waiting_since
        return None if since is None else since + KEEP_S

    @property
    def waiting_since(self) -> float | None:
        """Since when the oldest that was said waits for a line."""
        return min((closed_at for closed_at, _ in self._waiting()), default=None)

    def holds(self, turn: int) -> bool:
        return any(u.turn == turn for u in self._kept)

    @property
    def is_waiting(self) -> bool:
        """Something was said that the service does not have yet."""
        return any(not u.ended for u in self._kept)

    # -- the person ---------------------------------------------------------------------------------

    def open(self, turn: int, frames: list[bytes], rate_hz: int = RATE_HZ) -> Flow:
        self._kept.append(Utterance(turn, frames, rate_hz))
        return self._flow()

    def type(self, turn: int, text: str, now: float, jpeg: bytes = b"") -> Flow:
        """An utterance that was typed, with a picture or without: whole at once."""
        self._kept.append(Utterance(turn, text=text, jpeg=jpeg, closed_at=now))
        return self._flow()

    def add(self, pcm: bytes) -> Flow:
        """One more frame of the utterance being spoken."""
        if not self._kept or self._kept[-1].closed_at is not None:
            return Flow()
        self._kept[-1].frames.append(pcm)
        return self._flow()

    def show(self, jpeg: bytes) -> Flow:
        """What is seen while the utterance is spoken. One that was not sent yet is replaced: it is older."""
        if not self._kept or self._kept[-1].closed_at is not None:
            return Flow()
        self._kept[-1].jpeg, self._kept[-1].shown = jpeg, False
        return self._flow()

    def close(self, turn: int, now: float) -> Flow:
        for utterance in self._kept:
            if utterance.turn == turn and utterance.closed_at is None:
                utterance.closed_at = now
        return self._flow()

    def settle(self, turn: int) -> None:
        """An answer to this turn began: it and all before it need not be kept."""
        while self._kept and self._kept[0].turn <= turn and self._kept[0].ended:
            self._kept.popleft()

    def drop(self, turn: int) -> None:
        """This turn need not be answered any more. What was begun is still ended properly."""
        for utterance in [u for u in self._kept if u.turn == turn]:
            utterance.dropped = True
            if utterance.ended or not utterance.started:
                self._kept.remove(utterance)

    # -- the line -----------------------------------------------------------------------------------

    def line_up(self, link: int, *, realtime_text: bool = True) -> Flow:
        """`realtime_text`: typed words go into an activity; else they are a turn of their own."""
        self._realtime_text = realtime_text
        self.link, self.is_gated = link, False
        return self._flow()

    def line_down(self, *, drop_audio: bool = False) -> tuple[int, ...]:
        """Everything kept must be sent again. Returns the turns that will not be: refused too often, or
        (`drop_audio`) suspected of having been the reason."""
        self.link, self.is_gated = None, False
        gone = [
            u
            for u in self._kept
            if u.closed_at is not None and (u.links >= LINKS_PER_UTTERANCE or (drop_audio and u.started))
        ]
        self._forget([u for u in self._kept if u.dropped and u not in gone])
        for utterance in self._kept:
            utterance.started = utterance.ended = utterance.shown = False
            utterance.sent = 0
        return self._forget(gone)

    def refresh(self, now: float) -> None:
        """What waits for an answer that did not come is as good as new: it is to be sent again."""
        for utterance in self._kept:
            if utterance.closed_at is not None:
                utterance.closed_at = now

    def give_up(self) -> tuple[int, ...]:
        """There will be no line for long: the turns that nobody need wait for any more."""
        return self._forget([u for _, u in self._waiting()])

    def gate(self, *, closed: bool) -> Flow:
        """While the model waits for the answer to a blocking call, nothing may be sent to it."""
        self.is_gated = closed
        return self._flow()

    def wake(self, now: float) -> tuple[int, ...]:
        """The turns that waited too long for a line. This also bounds what is kept: nobody can say more
        than the longest utterance and another fifteen seconds before the first of it expires."""
        return self._forget([u for closed_at, u in self._waiting() if now >= closed_at + KEEP_S])

    # -- inside -------------------------------------------------------------------------------------

    def _waiting(self) -> list[tuple[float, Utterance]]:
        """Said, and not begun on this link. What was begun is ended as soon as the gate opens."""
        return [(u.closed_at, u) for u in self._kept if u.closed_at is not None and not u.started]

    def _forget(self, gone: list[Utterance]) -> tuple[int, ...]:
        for utterance in gone:
            self._kept.remove(utterance)
        return tuple(u.turn for u in gone)

    def _flow(self) -> Flow:
        link = self.link
        if link is None or self.is_gated:
            return Flow()
        messages: list[ClientMessage] = []
        started: list[int] = []
        ended: list[int] = []
        for utterance in self._kept:
            if utterance.ended:
                continue
            whole = utterance.text and not self._realtime_text
            if not utterance.started:
                utterance.started = True
                utterance.links += 1
                if whole:
                    messages.append(Content(utterance.text, utterance.jpeg))
                elif self._marked:
                    messages.append(ActivityStart())
                started.append(utterance.turn)
            if utterance.jpeg and not utterance.shown and not whole:
                utterance.shown = True
                messages.append(Image(utterance.jpeg))
            messages += _chunks(utterance)
            if utterance.text and not whole:
                messages.append(Text(utterance.text))
            if utterance.closed_at is None:
                break
            utterance.ended = True
            if self._marked and not whole:
                messages.append(ActivityEnd())
            ended.append(utterance.turn)
        return Flow(tuple(Send(link, m) for m in messages), tuple(started), tuple(ended))


def _chunks(utterance: Utterance) -> list[ClientMessage]:
    """What is not sent yet, in chunks; an odd last frame waits for the next, or for the end."""
    frames = utterance.frames[utterance.sent :]
    odd = 0 if utterance.closed_at is not None else len(frames) % CHUNK_FRAMES
    ready = len(frames) - odd
    utterance.sent += ready
    chunks = (b"".join(frames[at : at + CHUNK_FRAMES]) for at in range(0, ready, CHUNK_FRAMES))
    return [Audio(chunk, utterance.rate_hz) for chunk in chunks]
