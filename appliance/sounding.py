"""How much of its own voice the box hears, how late, and how well that is taken away: measured by a sound.

Knows the sound card and the canceller, while no daemon uses them. Must never know a turn, nor judge by
anything but what was heard.

    chirp, then a noise with the rhythm of speech ─► speaker ─► air ─► microphone ─► delay, loss, canceller
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .adapters.echo import Canceller
from .adapters.farend import FarEnd
from .adapters.resample import Resampler
from .adapters.soundcard import PortAudio, SoundCardMicrophone, SoundCardSpeaker
from .adapters.state import State, directory
from .core.events import Drained, Event, MicrophoneDown, MicrophoneUp, SpeakerDown, SpeakerUp
from .core.residual import FAINT_DB, Judge
from .core.shield import Shield
from .core.values import dataclass
from .errors import HardwareError
from .settings import AudioDevices

HEARD_HZ, PLAYED_HZ = 16_000, 24_000
CHIRP_S, NOISE_S, QUIET_S = 1.0, 6.0, 1.0
LOWEST_HZ, HIGHEST_HZ = 200.0, 7_000.0  # what a small speaker and a 16 kHz microphone share
LEVEL = 0.12  # of full scale, RMS: as loud as an answer
JUDGED_S = 3.0  # of the noise, from its end: the canceller has learned by then
FARTHEST_MS = 1_000
OPEN_S = 10.0  # sound cards take a second or two
QUIETEST = 10.0  # a power: -80 dBFS, quieter than any microphone
CLEAR = 12.0  # times the middle of a correlation: the peak of one of chance is 6 to 7

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sounded:
    """`delay_ms` from the sound card's queue to the microphone's frames, None where no echo is heard.

    `return_loss_db`: how much softer the echo is than what was played; `lowered_db`: how much softer the
    canceller makes it (the echo return loss enhancement); `faint`: what is left is hardly more than noise.
    """

    delay_ms: int | None
    return_loss_db: float
    lowered_db: float
    faint: bool
    noise_dbfs: float

    @property
    def shield(self) -> Shield:
        """What `auto` begins with after this."""
        known = Judge(lenient=False).recall(asdict(self))
        return known.shield if known else Shield.CANCEL

    def __str__(self) -> str:
        echo = "no echo is heard" if self.delay_ms is None else f"the echo is heard {self.delay_ms} ms later"
        return (
            f"{echo}, {self.return_loss_db} dB softer than it was played\n"
            f"cancelling makes that {self.lowered_db} dB softer; the room is at {self.noise_dbfs} dBFS\n"
            f'with echo = "auto" the box begins with: {self.shield}'
        )

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "shield": str(self.shield)}


def sound() -> bytes:
    """What is played: PCM16LE, 24 kHz."""
    at = np.arange(int(CHIRP_S * PLAYED_HZ)) / PLAYED_HZ
    octaves = np.log(HIGHEST_HZ / LOWEST_HZ)
    chirp = np.sin(2 * np.pi * LOWEST_HZ * CHIRP_S / octaves * (np.exp(at / CHIRP_S * octaves) - 1))
    chirp *= np.minimum(1.0, 100 * np.minimum(at, CHIRP_S - at))
    count = int(NOISE_S * PLAYED_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / PLAYED_HZ)
    spectrum[(hz < LOWEST_HZ) | (hz > HIGHEST_HZ)] = 0.0
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, LOWEST_HZ)), count)
    noise *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * np.arange(count) / PLAYED_HZ)
    whole = np.concatenate((LEVEL * np.sqrt(2) * chirp, LEVEL * noise / noise.std()))
    pcm: bytes = (np.clip(whole, -1, 1) * 32767).astype("<i2").tobytes()
    return pcm


def evaluated(heard: bytes, played: bytes) -> Sounded:
    """What the two say, frame by frame beside each other: as much silence as there was, then the sound."""
    near, far = _samples(heard), _samples(played)
    sounding = np.flatnonzero(far)
    if not len(sounding):
        raise HardwareError("nothing was played")
    begins, ends = int(sounding[0]), int(sounding[-1])
    noise = max(_power(near[:begins]), QUIETEST)
    chirp = slice(begins, begins + int(CHIRP_S * HEARD_HZ))
    delay = _delay(near, far, chirp) if _power(near[chirp]) > 2 * noise else None
    canceller = Canceller()
    places = range(0, len(heard) - 639, 640)
    clean = _samples(b"".join(canceller(heard[at : at + 640], played[at : at + 640]).pcm for at in places))
    judged = slice(max(begins, ends - int(JUDGED_S * HEARD_HZ)), ends)
    left = _power(clean[judged])
    return Sounded(
        delay_ms=delay,
        return_loss_db=round(_db(_power(far[judged]) / max(1e-9, _power(near[judged]) - noise)), 1),
        lowered_db=round(max(0.0, _db(_power(near[judged]) / left)), 1),
        faint=bool(delay is None or _db(left / noise) < FAINT_DB),
        noise_dbfs=round(_db(noise / 2.0**30), 1),
    )


async def sounded(audio: AudioDevices, state: Path | None = None) -> Sounded:
    """Play it, hear it, keep what was found. Raises HardwareError."""
    far, heard, played = FarEnd(Resampler), bytearray(), bytearray()
    happened: asyncio.Queue[Event] = asyncio.Queue()

    def frame(pcm: bytes, _index: int, lost: int) -> None:
        far.skip(lost)
        heard.extend(pcm)
        played.extend(far.read())

    portaudio = PortAudio()
    ears = SoundCardMicrophone(
        audio.microphone,
        portaudio,
        on_frame=frame,
        on_up=lambda: happened.put_nowait(MicrophoneUp()),
        on_down=lambda reason: happened.put_nowait(MicrophoneDown(reason)),
        channel=audio.channel,
        gain_db=audio.gain_db,
    )
    mouth = SoundCardSpeaker(audio.speaker, portaudio, post=happened.put_nowait, on_played=far.write)
    parts = [asyncio.create_task(ears.run()), asyncio.create_task(mouth.run())]
    try:
        await _until(happened, {MicrophoneUp, SpeakerUp}, OPEN_S)
        heard.clear()
        played.clear()
        await asyncio.sleep(QUIET_S)  # the room by itself
        mouth.play(1, sound(), PLAYED_HZ)
        mouth.finish(1)
        await _until(happened, {Drained}, OPEN_S + CHIRP_S + NOISE_S)
        await asyncio.sleep(QUIET_S)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    found = await asyncio.to_thread(evaluated, bytes(heard), bytes(played))
    kept = State(state or directory())
    kept.save("echo", asdict(found))
    await kept.close()
    return found


async def _until(happened: asyncio.Queue[Event], wanted: set[type], seconds: float) -> None:
    missing = set(wanted)
    try:
        async with asyncio.timeout(seconds):
            while missing:
                event = await happened.get()
                if isinstance(event, MicrophoneDown | SpeakerDown):
                    raise HardwareError(f"{event.reason} (does the daemon use it? stop it first)")
                missing.discard(type(event))
    except TimeoutError:
        raise HardwareError("the microphone or the speaker does not work") from None


def _delay(near: Sound, far: Sound, chirp: slice) -> int | None:
    """How much later the chirp is heard, in ms, by cross-correlation; None where it is not heard."""
    part = far[chirp]
    whole = near[chirp.start : chirp.stop + HEARD_HZ * FARTHEST_MS // 1000]
    size = 1 << (len(part) + len(whole)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    found = np.abs(np.fft.irfft(product, size))[: HEARD_HZ * FARTHEST_MS // 1000]
    at = int(np.argmax(found))
    return None if found[at] < CLEAR * float(np.median(found)) else round(1000 * at / HEARD_HZ)


def _samples(pcm: bytes) -> Sound:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def _power(sound: Sound) -> float:
    return float((sound**2).mean()) + 1e-3 if len(sound) else 1e-3


def _db(ratio: float) -> float:
    return float(10 * np.log10(ratio))
