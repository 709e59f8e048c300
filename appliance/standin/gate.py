"""When does the person's turn begin and end: by the client's word, or by listening for silence.

        manual      IDLE --activityStart--> ACTIVE --audio, text--> ACTIVE --activityEnd--> IDLE
        automatic   quiet --loud for 100 ms--> talking --silenceDurationMs, or audioStreamEnd--> quiet

Knows: realtimeInput fields and their legal order; audio as 16 kHz PCM16 mono.
Must never know: what the model does meanwhile.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import Any, Literal

from .refusal import EXPLICIT_ACTIVITY, INVALID, NOT_IMPLEMENTED, POLICY, Refusal, bad_argument
from .sight import shown_in

INPUT_RATE_HZ = 16_000
_BYTES_PER_MS = INPUT_RATE_HZ * 2 // 1000
_LOUD_DBFS = -42.0  # speech at arm's length is above, room noise below
_START_MS = 100  # loud for so long before it counts as speech
_SILENCE_MS = 700  # the service does not state its default; long enough for a breath
_KEPT_MS = 500  # of quiet before the speech, so that no first syllable is lost
_BLOCK_MS = 20


@dataclass(frozen=True, slots=True)
class Started:
    """The person began to speak."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The person's turn is over: what was said, and typed."""

    pcm: bytes = b""
    text: str = ""


Happening = Started | Ended


@dataclass(slots=True)
class ManualGate:
    """Automatic detection is disabled: the client marks activities."""

    stray_audio: Literal["close", "drop"]
    repeated: Literal["close", "ignore"]
    _heard: bytearray | None = None
    _typed: list[str] = field(default_factory=list)

    def take(self, given: dict[str, Any]) -> list[Happening]:
        """What this realtimeInput brings about, in order; raises Refusal."""
        if not given:
            raise Refusal(POLICY, NOT_IMPLEMENTED)
        if "audioStreamEnd" in given:
            raise bad_argument()
        happenings: list[Happening] = []
        if "activityStart" in given and self._start():
            happenings.append(Started())
        pcm = pcm_in(given)
        if pcm is not None:
            self._listen(pcm)
        elif shown_in(given) is not None and self._heard is None and self.stray_audio == "close":
            raise bad_argument()
        if "text" in given:
            if self._heard is None:
                happenings.append(Ended(text=given["text"]))
            else:
                self._typed.append(given["text"])
        if "activityEnd" in given:
            happenings.extend(self._end())
        return happenings

    def _start(self) -> bool:
        if self._heard is not None:
            if self.repeated == "close":
                raise bad_argument()
            return False
        self._heard = bytearray()
        return True

    def _listen(self, pcm: bytes) -> None:
        if self._heard is not None:
            self._heard += pcm
        elif self.stray_audio == "close":
            raise bad_argument()

    def _end(self) -> list[Happening]:
        if self._heard is None:
            if self.repeated == "close":
                raise bad_argument()
            return []
        ended = Ended(bytes(self._heard), " ".join(self._typed))
        self._heard, self._typed = None, []
        return [ended]


@dataclass(slots=True)
class AutomaticGate:
    """Automatic detection: loudness decides. Crude, but it answers a client that streams."""

    silence_ms: int = _SILENCE_MS
    _heard: bytearray = field(default_factory=bytearray)
    _rest: bytes = b""
    _loud_ms: int = 0
    _quiet_ms: int = 0
    _talking: bool = False

    def take(self, given: dict[str, Any]) -> list[Happening]:
        """What this realtimeInput brings about, in order; raises Refusal."""
        if not given:
            raise Refusal(POLICY, NOT_IMPLEMENTED)
        if "activityStart" in given or "activityEnd" in given:
            raise Refusal(INVALID, EXPLICIT_ACTIVITY)
        happenings: list[Happening] = []
        pcm = pcm_in(given)
        if pcm is not None:
            happenings.extend(self._listen(pcm))
        if "text" in given:
            happenings.extend([Started(), Ended(text=given["text"])])
        if given.get("audioStreamEnd"):
            happenings.extend(self._flush())
        return happenings

    def _listen(self, pcm: bytes) -> list[Happening]:
        happenings: list[Happening] = []
        pcm = self._rest + pcm
        size = _BLOCK_MS * _BYTES_PER_MS
        whole = len(pcm) // size * size
        self._rest = pcm[whole:]
        for start in range(0, whole, size):
            happenings.extend(self._block(pcm[start : start + size]))
        return happenings

    def _block(self, block: bytes) -> list[Happening]:
        self._heard += block
        loud = loudness(block) > _LOUD_DBFS
        self._loud_ms = self._loud_ms + _BLOCK_MS if loud else 0
        self._quiet_ms = 0 if loud else self._quiet_ms + _BLOCK_MS
        if not self._talking:
            if self._loud_ms >= _START_MS:
                self._talking = True
                return [Started()]
            del self._heard[: -_KEPT_MS * _BYTES_PER_MS]
        elif self._quiet_ms >= self.silence_ms:
            return self._flush()
        return []

    def _flush(self) -> list[Happening]:
        talked, heard = self._talking, bytes(self._heard)
        self._talking, self._loud_ms, self._quiet_ms = False, 0, 0
        self._heard.clear()
        self._rest = b""
        return [Ended(heard)] if talked else []


Gate = ManualGate | AutomaticGate


def pcm_in(given: dict[str, Any]) -> bytes | None:
    """The audio of a realtimeInput at 16 kHz, or None without audio; raises Refusal for another format."""
    blob = given.get("audio") or next(iter(given.get("mediaChunks", [])), None)
    if blob is None:
        return None
    mime, _, parameters = blob.get("mimeType", "").replace(" ", "").partition(";")
    data: bytes = blob.get("data", b"")
    if mime.startswith(("image/", "video/")) and "audio" not in given:
        return None
    rate = parameters.removeprefix("rate=") if parameters else str(INPUT_RATE_HZ)
    if mime != "audio/pcm" or not rate.isascii() or not rate.isdigit() or len(data) % 2:
        raise bad_argument()
    if not 8_000 <= int(rate) <= 192_000:
        raise bad_argument()
    return data if int(rate) == INPUT_RATE_HZ else _resampled(data, int(rate))


def _resampled(pcm: bytes, rate_hz: int) -> bytes:
    """Nearest-sample conversion: enough to recognise by, and the product sends 16 kHz anyway."""
    samples = array("h", pcm)
    length = len(samples) * INPUT_RATE_HZ // rate_hz
    return array("h", (samples[i * rate_hz // INPUT_RATE_HZ] for i in range(length))).tobytes()


def loudness(pcm: bytes) -> float:
    """RMS of PCM16 in dBFS; -inf for silence and for no samples."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    power = sum(s * s for s in samples) / max(1, len(samples))
    return 10 * math.log10(power / 32768**2) if power else -math.inf
