"""What the microphone delivers becomes what the core is told: without the box's own voice, where wanted.

Builds what the mode of `[audio] echo` needs and nothing else: the canceller is loaded for "auto"
and "cancel" only. Must never know whose turn it is.

    speaker ─► far end ─┐
                        ▼
    microphone ─► canceller ─┬─► gate: somebody else's voice? ─► Heard
             └──► subtractor ┘
                  canceller ───► judge: is it good enough? ────► EchoJudged

Only 16 kHz are cancelled. Where more is sent, it is made of those while something plays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from .adapters.voice import Voice
from .core.audio import RATE_HZ, frames
from .core.endpoint import CERTAIN
from .core.events import EchoJudged, Event, Heard
from .core.residual import Gate, Judge
from .core.shield import ABSENT, MODES, Shield
from .settings import AudioDevices

if TYPE_CHECKING:
    from .adapters.echo import Canceller
    from .adapters.farend import FarEnd
    from .adapters.resample import Resampler
    from .adapters.subtract import Subtractor

LINGERS = frames(1000)  # after it was handed over: in the sound card, in the air, in the room

log = logging.getLogger(__name__)


def shield(audio: AudioDevices) -> Shield:
    """What keeps the box from hearing itself, from the start."""
    if audio.backend == "memory" and audio.echo == "auto":  # there is no air, and so nothing to measure
        return Shield.HALF_DUPLEX
    return MODES[audio.echo]


class Hearing:
    """`frame` is for the microphone, `played` for the speaker (None where nobody needs to know)."""

    def __init__(self, audio: AudioDevices, post: Callable[[Event], None], measured: object = None) -> None:
        """`measured`: what `appliance echo` has kept, or whatever was found in its place."""
        self._post = post
        self._voice = Voice()
        self._clear: _Clear | None = None
        self._widen: Resampler | None = None
        if shield(audio) is Shield.CANCEL:
            self._clear = _cleared(audio.echo, measured, post)
        self.answering: Callable[[], bool] = lambda: True
        """Whether the speaker has an answer to play, and not only a sound of the box."""
        self._answered = 0
        self.played: Callable[[bytes, int], None] | None = None
        if self._clear is not None:
            self.played = self._clear.far.write

    def frame(self, pcm: bytes, index: int, lost: int, wide: bytes = b"", rate_hz: int = RATE_HZ) -> None:
        """One frame of the microphone, and how many are missing directly before it. `wide` is the same frame
        at `rate_hz`, the device's own, where that is what is to be sent."""
        if self._clear is None:
            self._post(Heard(pcm, index, self._voice(pcm), lost, wide, rate_hz))
            return
        clean, near = self._clear(pcm, lost)
        grade = self._voice(clean)
        if near is not None:
            grade = CERTAIN if near else 0
        if self._is_over_an_answer(index):
            pcm, wide = clean, self._wide(wide, clean, rate_hz) if wide else wide
        self._post(Heard(pcm, index, grade, lost, wide, rate_hz))

    def _is_over_an_answer(self, index: int) -> bool:
        """An answer may be heard in this frame. Any other is sent as it was: a short sound of the box does no
        harm there, but a canceller takes away the first word of whoever speaks over it."""
        if self.answering():
            self._answered = index
        return index < self._answered + LINGERS

    def _wide(self, wide: bytes, clean: bytes, rate_hz: int) -> bytes:
        """The frame as it is sent, without the box's own voice."""
        if self._clear is None or self._clear.far.is_asleep:
            self._widen = None
            return wide
        if self._widen is None:
            from .adapters.resample import Resampler

            self._widen = Resampler(RATE_HZ, rate_hz)
        return self._widen(clean)


def _cleared(mode: str, measured: object, post: Callable[[Event], None]) -> _Clear | None:
    """The canceller and all that belongs to it; None, told to the core, where it is not installed."""
    try:
        from .adapters.echo import Canceller
    except ImportError as error:
        log.warning("%s", ABSENT)
        log.debug("%s", error)
        post(EchoJudged(Shield.HALF_DUPLEX, ABSENT))
        return None
    from .adapters.farend import FarEnd
    from .adapters.resample import Resampler
    from .adapters.subtract import Subtractor

    judge = Judge(lenient=mode == "cancel")
    if (known := judge.recall(measured)) is not None:
        post(known)
    return _Clear(Canceller(), Subtractor(), FarEnd(Resampler), judge, post)


class _Clear:
    """A frame without the echo, and whether somebody else speaks in it; None while nothing plays."""

    def __init__(
        self,
        canceller: Canceller,
        subtractor: Subtractor,
        far: FarEnd,
        judge: Judge,
        post: Callable[[Event], None],
    ) -> None:
        self.far = far
        self._canceller = canceller
        self._subtractor = subtractor
        self._gate = Gate()
        self._judge = judge
        self._post = post
        self._moves = 0

    def __call__(self, pcm: bytes, lost: int) -> tuple[bytes, bool | None]:
        if lost:
            self.far.skip(lost)
        played = self.far.read()
        if self.far.is_asleep:
            return pcm, None
        if self._moves != (moves := self.far.counters["moves"]):
            self._moves = moves
            self._canceller.forget()
            self._subtractor.forget()
        cancelled = self._canceller(pcm, played)
        bands = self._subtractor(pcm, played)
        if not self.far.is_settled:  # a rest of its own voice is to be expected: half-duplex for a moment
            self._gate.forget()
            return cancelled.pcm, False if self.far.is_audible else None
        near = self._gate.hear(cancelled.levels, bands, voiced=cancelled.voiced)
        if (judgement := self._judge.hear(cancelled.levels, near=near)) is not None:
            self._post(judgement)
        return cancelled.pcm, near if self.far.is_audible else None
