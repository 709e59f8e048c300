"""An earcon among the speech: repeated, lowered while somebody speaks, silenced at once.

Knows samples of one rate. Must never know which earcon it is, nor a device.

An earcon is lowered or raised only where it is silent anyway, between two notes, so that neither is heard as
a click; a note is over in a fifth of a second.
"""

from __future__ import annotations

from array import array

DUCK = 4  # times softer beneath speech: 12 dB, still heard and no longer in the way
FADE_MS = 5  # the shortest ramp whose click is not heard above speech


class Mixer:
    """`ring` an earcon, `hush` it, and `mix` whatever is played with what is left of it."""

    def __init__(self, rate_hz: int) -> None:
        self._fade = rate_hz * FADE_MS // 1000
        self._loud = self._soft = b""
        self._at = 0
        self._repeats = 0
        self._ducked = False

    @property
    def is_sounding(self) -> bool:
        return self._repeats > 0

    def ring(self, pcm: bytes, repeats: int) -> None:
        """Sound this mono PCM16LE so many times over, from its beginning; a former one is over."""
        self._loud, self._soft = pcm, _scaled(pcm, DUCK)
        self._at, self._repeats, self._ducked = 0, repeats if pcm else 0, False

    def hush(self) -> None:
        """Be silent within a few milliseconds."""
        if self._repeats:
            rest = self.take(2 * self._fade, speech=self._ducked)
            self.ring(faded(rest), 1)

    def take(self, size: int, *, speech: bool) -> bytes:
        """So many bytes of the earcon, fewer at its end, to be heard beside speech or by itself."""
        taken = bytearray()
        while len(taken) < size and self._repeats:
            if self._ducked is not speech and self._is_between_notes():
                self._ducked = speech
            sound = self._soft if self._ducked else self._loud
            piece = sound[self._at : self._at + size - len(taken)]
            taken += piece
            self._at += len(piece)
            if self._at == len(sound):
                self._at, self._repeats = 0, self._repeats - 1
        return bytes(taken)

    def mix(self, pcm: bytes, *, speech: bool) -> bytes:
        """What is played, with the earcon in it; as long as it was."""
        sound = self.take(len(pcm), speech=speech)
        if not sound.strip(b"\0"):
            return pcm
        return both(pcm, sound) if speech else sound.ljust(len(pcm), b"\0")

    def _is_between_notes(self) -> bool:
        return not self._loud[max(0, self._at - 2) : self._at + 2].strip(b"\0")


def _scaled(pcm: bytes, down: int) -> bytes:
    return array("h", (int(sample / down) for sample in array("h", pcm))).tobytes()


def faded(pcm: bytes | bytearray) -> bytes:
    """The same samples on a straight way down to silence."""
    samples = array("h", bytes(pcm))
    count = len(samples)
    return array("h", (sample * (count - at) // (count + 1) for at, sample in enumerate(samples))).tobytes()


def both(one: bytes | bytearray, other: bytes) -> bytes:
    """Both at once, clipped where they are too loud together; as long as the first."""
    sums = array("h", bytes(one))
    for at, sample in enumerate(array("h", other)):
        sums[at] = max(-32768, min(32767, sums[at] + sample))
    return sums.tobytes()
