"""From one sample rate to another, block by block: a polyphase FIR filter in numpy.

Knows sample rates and PCM. Must never know a device. A library was not taken because streaming resamplers
hold samples back and deliver them in bursts; this one answers every block with its own share at once.

With f = to/from = L/M in lowest terms, output n lies at input position n·M/L. The filter is the windowed sinc
of the imagined rate from·L, split into L phases of which each output needs one (Crochiere and Rabiner,
"Multirate Digital Signal Processing", 1983, ch. 3). Positions are integers, so nothing drifts.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

TAPS = 24  # each side of a change by M or L needs this many at the lower rate; delay TAPS / 2 of its samples
KAISER_BETA = 7.0  # 70 dB in the stopband (Kaiser's formula: beta = 0.1102 (A - 8.7) = 6.8 for A = 70)
CUTOFF = (
    0.90  # of the lower Nyquist frequency: the -6 dB point; what aliases lands in the last 10 % of the band
)


class Resampler:
    """One stream of mono PCM16LE from `from_hz` to `to_hz`; call it with whole samples.

    After N samples in, exactly ceil(N·to/from) samples have come out, whatever the blocks were. The signal is
    late by `delay_s`; `tail()` gives what is still inside and begins anew.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        divisor = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // divisor, from_hz // divisor
        self._phases = _filter(self._up, self._down)
        self._taps = self._phases.shape[1]
        self.delay_s = self._taps / 2 / from_hz
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._past = np.zeros(self._taps - 1, dtype=np.float32)
        self._next = 0  # where the next output lies, in 1/L input samples after the end of the past

    def __call__(self, pcm: bytes) -> bytes:
        """This block's samples at the new rate. Raises ValueError for half a sample."""
        if len(pcm) % 2:
            raise ValueError(f"{len(pcm)} bytes are not whole 16-bit samples")
        samples = np.concatenate((self._past, np.frombuffer(pcm, dtype="<i2").astype(np.float32)))
        fresh = len(pcm) // 2
        count = max(0, -((self._next - fresh * self._up) // self._down))
        result = self._filtered(samples, count) if count else b""
        self._next += count * self._down - fresh * self._up
        self._past = samples[samples.size - self._taps + 1 :]
        return result

    def tail(self) -> bytes:
        """The end of the signal that the filter still holds; afterwards it is as new."""
        rest = self(bytes(2 * ceil(self._taps / 2)))
        self.reset()
        return rest

    def _filtered(self, samples: NDArray[np.float32], count: int) -> bytes:
        # sliding_window_view does the same, and takes half the time of a block of 10 ms for its checks.
        shape = samples.size - self._taps + 1, self._taps
        windows = np.ndarray(shape, np.float32, samples.data, strides=2 * samples.strides)
        if self._up == 1:
            last = self._next + (count - 1) * self._down
            found = windows[self._next : last + 1 : self._down] @ self._phases[0]
        elif self._down == 1 and self._next == 0:
            found = (windows[: ceil(count / self._up)] @ self._phases.T).ravel()[:count]
        else:
            at, phase = np.divmod(self._next + self._down * np.arange(count), self._up)
            found = np.einsum("ij,ij->i", windows[at], self._phases[phase])
        pcm: bytes = np.clip(np.rint(found), -32768, 32767).astype("<i2").tobytes()
        return pcm


@lru_cache(maxsize=8)
def _filter(up: int, down: int) -> NDArray[np.float32]:
    """The filter's phases, one a row, newest sample last; each sums to one, so that a level stays a level."""
    taps = ceil(TAPS * max(1.0, down / up))
    length = taps * up
    at = np.arange(length) - length / 2
    prototype = np.sinc(at * CUTOFF / max(up, down)) * np.kaiser(length + 1, KAISER_BETA)[:length]
    phases = prototype.reshape(taps, up).T[:, ::-1]
    phases = phases / phases.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(phases, dtype=np.float32)
