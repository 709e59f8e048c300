"""When does the person's turn begin and end: by the client's word, or by listening for silence.

        manual      IDLE --activityStart--> ACTIVE --audio, text--> ACTIVE --activityEnd--> IDLE
        automatic   quiet --loud for prefixPaddingMs--> talking --quiet for silenceDurationMs--> quiet
                                                                  or audioStreamEnd

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
# Speech at arm's length is above the first, room noise below; a voice in another room lies between the two.
_LOUD_DBFS = {"HIGH": -42.0, "LOW": -32.0}
# What keeps a turn going: with a low sensitivity to its end, a murmur does.
_QUIET_DBFS = {"HIGH": -42.0, "LOW": -50.0}
# The service does not state its defaults; these are long enough for a syllable, and for a breath.
_START_MS = 100
_SILENCE_MS = {"HIGH": 700, "LOW": 1400}
_KEPT_MS = 500  # of quiet before the speech, so that no first syllable is lost
_BLOCK_MS = 20
_LONGEST_MS = 60_000  # of padding or silence: more is a mistake
_RATES_HZ = range(8_000, 192_001)


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
    """Automatic detection: loudness decides. Crude, but it does what its four parameters say."""

    loud_dbfs: float = _LOUD_DBFS["HIGH"]
    quiet_dbfs: float = _QUIET_DBFS["HIGH"]
    padding_ms: int = _START_MS
    silence_ms: int = _SILENCE_MS["HIGH"]
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
        level = loudness(block)
        if self._talking:
            self._quiet_ms = 0 if level > self.quiet_dbfs else self._quiet_ms + _BLOCK_MS
            return self._flush() if self._quiet_ms >= self.silence_ms else []
        # Speech has gaps: a quiet block takes back one loud one, not all of them.
        self._loud_ms = max(0, self._loud_ms + (_BLOCK_MS if level > self.loud_dbfs else -_BLOCK_MS))
        if self._loud_ms >= max(_BLOCK_MS, self.padding_ms):
            self._talking = True
            return [Started()]
        del self._heard[: -(_KEPT_MS + 2 * self.padding_ms) * _BYTES_PER_MS]
        return []

    def _flush(self) -> list[Happening]:
        talked, heard = self._talking, bytes(self._heard)
        self._talking, self._loud_ms, self._quiet_ms = False, 0, 0
        self._heard.clear()
        self._rest = b""
        return [Ended(heard)] if talked else []


Gate = ManualGate | AutomaticGate


def automatic(detection: dict[str, Any]) -> AutomaticGate:
    """The gate of an automaticActivityDetection; raises Refusal for times that cannot be."""
    start = detection.get("startOfSpeechSensitivity", "").removeprefix("START_SENSITIVITY_")
    end = detection.get("endOfSpeechSensitivity", "").removeprefix("END_SENSITIVITY_")
    end = end if end in _SILENCE_MS else "HIGH"  # unspecified
    padding_ms = detection.get("prefixPaddingMs", _START_MS)
    silence_ms = detection.get("silenceDurationMs", _SILENCE_MS[end])
    if not (0 <= padding_ms <= _LONGEST_MS and 0 <= silence_ms <= _LONGEST_MS):
        raise bad_argument()
    loud_dbfs = _LOUD_DBFS.get(start, _LOUD_DBFS["HIGH"])
    return AutomaticGate(loud_dbfs, min(loud_dbfs, _QUIET_DBFS[end]), padding_ms, max(_BLOCK_MS, silence_ms))


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
    if len(rate) > 6 or int(rate) not in _RATES_HZ:
        raise bad_argument()
    return data if int(rate) == INPUT_RATE_HZ else _resampled(data, int(rate))


def _resampled(pcm: bytes, rate_hz: int) -> bytes:
    """Each new sample is the mean of the former ones in its place: enough to recognise by.

    A mean keeps most of what would fold back from above 8 kHz out of the speech; message by message it is
    exact where a message has whole steps of both rates, as 40 ms have.
    """
    samples = array("h", pcm)
    length = len(samples) * INPUT_RATE_HZ // rate_hz
    result = array("h")
    for place in range(length):
        first = place * rate_hz // INPUT_RATE_HZ
        last = max(first + 1, (place + 1) * rate_hz // INPUT_RATE_HZ)
        result.append(sum(samples[first:last]) // (last - first))
    return result.tobytes()


def loudness(pcm: bytes) -> float:
    """RMS of PCM16 in dBFS; -inf for silence and for no samples."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    power = sum(s * s for s in samples) / max(1, len(samples))
    return 10 * math.log10(power / 32768**2) if power else -math.inf
