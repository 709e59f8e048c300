"""Microphone and speaker: whether they are there, at which rates, who else has them, and what is heard.

Knows the sound card, while no daemon of ours uses it. Must never play anything unless it was asked to.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path

from ..adapters.cards import Cards
from ..errors import EX_UNAVAILABLE, HardwareError
from ..settings import AudioDevices
from ..trial import heard, loudness_db, meter
from .finding import Finding, State, fine, skipped
from .place import Place

LISTEN_S = 1.0
CLIPPED, TOO_LOUD_DB, DEAD_DB = 32_700, -20.0, -90.0


def devices(audio: AudioDevices, place: Place) -> list[Finding]:
    """One finding each for the microphone and the speaker, and one for every device that somebody holds."""
    if audio.backend == "memory":
        return [skipped("sound", "the backend is memory: there is no sound")]
    try:
        from ..listing import devices as listed  # late: it brings the sound system along
    except ImportError as error:
        return [Finding("sound", State.WRONG, f"{error}", "there is no sound", "run scripts/install again")]
    found = listed(audio, Cards(place.at("/proc/asound")))
    told = [str(problem) for problem in found["problems"]]  # type: ignore[attr-defined]
    holders = held(place)
    findings = []
    for what in ("microphone", "speaker"):
        rows = found[f"{what}s"]
        chosen = next((row for row in rows if row["chosen"]), None)  # type: ignore[attr-defined]
        mine = [problem for problem in told if what in problem]
        findings.append(_device(what, chosen, mine, holders))
    return findings


def _device(
    what: str, chosen: Mapping[str, object] | None, problems: list[str], holders: dict[str, str]
) -> Finding:
    if chosen is not None and not problems:
        return fine(what, f"{chosen['name']!r} at {chosen['rates_hz']} Hz; {chosen['why']}")
    busy = "\n".join(f"{device} is held by {who}" for device, who in holders.items())
    found = "\n".join([*problems, *([busy] if busy else [])]) or f"there is no {what}"
    remedy = f"plug it in, or choose another as [audio] {what}: `appliance devices` lists them"
    if busy:
        remedy = f"stop {', '.join(dict.fromkeys(holders.values()))}, or {remedy}"
    means = "it cannot hear you" if what == "microphone" else "it cannot speak"
    return Finding(what, State.WRONG, found, means, remedy, EX_UNAVAILABLE)


def held(place: Place) -> dict[str, str]:
    """Every sound device of ALSA that is in use, and by whom."""
    found = {}
    for path in place.matching("/proc/asound/card*/pcm*/sub*/status"):
        pairs = (line.partition(":") for line in _read(path).splitlines())
        lines = {key.strip(): value.strip() for key, _, value in pairs}
        if not lines.get("owner_pid", "").isdecimal():
            continue
        card, pcm = path.parts[-4].removeprefix("card"), path.parts[-3].removeprefix("pcm")
        device, way = pcm[:-1], "a microphone" if pcm.endswith("c") else "a speaker"
        name = f"hw:{card},{device} ({way})"
        found[name] = place.named(int(lines["owner_pid"]))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # unplugged meanwhile
        return ""


async def level(audio: AudioDevices) -> Finding:
    """How loud it is before the microphone, for a second."""
    try:
        pcm = await heard(audio, LISTEN_S)
    except HardwareError as error:
        remedy = "see `appliance devices`; is it in use by another program?"
        return Finding("level", State.WRONG, str(error), "it cannot hear you", remedy, EX_UNAVAILABLE)
    return judged(pcm)


def judged(pcm: bytes) -> Finding:
    """What a second of 16 kHz sounds like."""
    samples = array("h", pcm)
    peak = max(abs(sample) for sample in samples)
    db = loudness_db(pcm)
    found = f"{meter(db)}, peak {100 * peak // 32768} %"
    if peak == 0 or db < DEAD_DB:
        remedy = "look for a switch on it; try another [audio] channel; turn it up in alsamixer"
        return Finding("level", State.WRONG, found, "it delivers silence: it cannot hear you", remedy)
    if peak >= CLIPPED or db > TOO_LOUD_DB:
        remedy = "turn it down in alsamixer, or lower [audio] gain_db; be silent while it is measured"
        return Finding("level", State.ODD, found, "loud voices are cut off, or the room is loud", remedy)
    return fine("level", found)


async def beep(audio: AudioDevices) -> Finding:
    """Play the test sound, and hear it."""
    try:
        from ..sounding import sounded  # late: the canceller and the sound card

        heard = await sounded(audio)
    except (HardwareError, ImportError) as error:
        return Finding("echo", State.WRONG, str(error), "it was not measured", "see the lines above")
    told = str(heard)
    if heard.delay_ms is None:
        remedy = "turn the speaker up, unless you wear headphones"
        return Finding("echo", State.ODD, told, "the microphone does not hear the speaker", remedy)
    return fine("echo", told)
