"""What the microphone delivers, on its way to the core: each mode, and the canceller that is not there."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from appliance.adapters.air import Air
from appliance.core.events import EchoJudged, Event, Heard
from appliance.core.residual import Levels
from appliance.core.shield import Shield
from appliance.hearing import ABSENT, Hearing, shield
from appliance.settings import AudioDevices
from tests.adapters.contract_sound import dbfs, samples, speechlike
from tests.whole.house import clip

QUIET = (np.random.default_rng(1).standard_normal(320) * 15).astype("<i2").tobytes()


def audio(echo: str, backend: str = "pyaudio") -> AudioDevices:
    return AudioDevices(backend=backend, echo=echo)


def test_each_mode_begins_with_its_shield() -> None:
    assert {mode: shield(audio(mode)) for mode in ("auto", "half-duplex", "hardware", "off")} == {
        "auto": Shield.CANCEL,
        "half-duplex": Shield.HALF_DUPLEX,
        "hardware": Shield.HARDWARE,
        "off": Shield.OFF,
    }
    assert shield(audio("auto", "memory")) is Shield.HALF_DUPLEX, "there is no air in it"
    assert shield(audio("cancel", "memory")) is Shield.CANCEL


@pytest.mark.parametrize("mode", ["half-duplex", "hardware", "off"])
def test_without_a_canceller_a_frame_passes_as_it_is(mode: str) -> None:
    posted: list[Event] = []
    hearing = Hearing(audio(mode), posted.append)
    hearing.frame(QUIET, 7, 2)
    assert posted == [Heard(QUIET, 7, 0, 2)]
    assert hearing.played is None


@pytest.mark.parametrize("mode", ["half-duplex", "hardware", "off"])
def test_its_own_rate_passes_as_it_is_too(mode: str) -> None:
    posted: list[Event] = []
    wide = QUIET * 3
    Hearing(audio(mode), posted.append).frame(QUIET, 7, 2, wide, 48_000)
    assert posted == [Heard(QUIET, 7, 0, 2, wide, 48_000)]


@pytest.mark.parametrize("mode", ["half-duplex", "hardware", "off"])
def test_nothing_is_loaded_for_those_who_do_not_cancel(mode: str) -> None:
    program = (
        "import sys\nfrom appliance.hearing import Hearing\nfrom appliance.settings import AudioDevices\n"
        f"Hearing(AudioDevices(echo={mode!r}), print)\n"
        "sys.exit(bool({'pywebrtc_audio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("mode", ["auto", "cancel"])
def test_where_it_is_not_installed_half_duplex_does_and_says_so(
    mode: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "appliance.adapters.echo", None)
    posted: list[Event] = []
    hearing = Hearing(audio(mode), posted.append)
    assert posted == [EchoJudged(Shield.HALF_DUPLEX, ABSENT)]
    assert ABSENT in caplog.text
    hearing.frame(QUIET, 0, 0)
    assert posted[1:] == [Heard(QUIET, 0, 0, 0)]


class Life:
    """A box that speaks into a room, and hears it."""

    def __init__(self, gain: float, mode: str = "auto", measured: object = None, wide_hz: int = 0) -> None:
        """`wide_hz`: the rate of a microphone whose own sound is sent, an octave or more above 16 kHz."""
        self.wide_hz = wide_hz
        pytest.importorskip("pywebrtc_audio", reason="the canceller is not installed")
        self.posted: list[Event] = []
        self.hearing = Hearing(audio(mode), self.posted.append, measured)
        self.air = Air(delay_ms=70, gain=gain, echoes=((23, 0.3), (57, 0.2), (91, -0.1)))
        self.index = 0

    def live(self, played: bytes, spoken: bytes = b"", late: range = range(0)) -> list[Heard]:
        """Both go on as long as the longer. `late`: blocks that are told only when the last of them is."""
        before = len(self.posted)
        assert self.hearing.played
        waiting: list[bytes] = []
        for at in range(max(len(played) // 960, len(spoken) // 640)):
            block = played[at * 960 : at * 960 + 960].ljust(960, b"\0")
            waiting.append(block)
            while waiting and at not in late:
                self.hearing.played(waiting.pop(0), 24_000)
            self.air.write(block, 24_000)
            person = samples(spoken[at * 640 : at * 640 + 640].ljust(640, b"\0"))
            mic = samples(self.air.read()) + person + samples(QUIET)
            pcm = np.clip(mic, -32768, 32767).astype("<i2").tobytes()
            if self.wide_hz:
                wide = np.repeat(samples(pcm), self.wide_hz // 16_000).astype("<i2").tobytes()
                self.hearing.frame(pcm, self.index, 0, wide, self.wide_hz)
            else:
                self.hearing.frame(pcm, self.index, 0)
            self.index += 1
        return [event for event in self.posted[before:] if isinstance(event, Heard)]

    def judged(self) -> list[EchoJudged]:
        return [event for event in self.posted if isinstance(event, EchoJudged)]


def answer(seconds: float) -> bytes:
    """Real syllables, so that the detector would take them for speech."""
    pcm, rate_hz = clip("weather-question.wav")
    once = samples(pcm)
    count = int(len(once) * 24_000 / rate_hz)
    again = np.interp(np.arange(count) * rate_hz / 24_000, np.arange(len(once)), once)
    again *= 4000 / again.std()
    whole = np.tile(again, int(seconds * 24_000 / count) + 1)[: int(seconds * 24_000)]
    return np.clip(whole, -32768, 32767).astype("<i2").tobytes()


def test_who_speaks_over_a_short_sound_of_the_box_is_sent_whole() -> None:
    """The canceller would take him away with it; that the sound is sent, too, does no harm."""
    person, _ = clip("turn-on-the-kitchen-light.wav")
    chime = answer(0.3)
    similar = []
    for answering in (True, False):
        life = Life(gain=0.6)
        life.hearing.answering = lambda answering=answering: answering  # type: ignore[misc]
        life.live(bytes(48_000 * 3))
        heard = life.live(chime, person)
        said, sent = (
            samples(person)[8_000:24_000],
            samples(b"".join(frame.pcm for frame in heard))[8_000:24_000],
        )
        similar.append(float(said @ sent / np.sqrt((said @ said) * (sent @ sent))))
        assert not any(frame.speech for frame in heard[:10]), "and it is not taken for speech"
    assert similar[1] > max(0.95, similar[0])


def test_its_own_voice_is_not_speech_and_somebody_elses_is() -> None:
    life = Life(gain=0.6)
    life.live(bytes(48_000))
    heard = life.live(answer(8.0))
    assert sum(frame.speech for frame in heard[100:]) < 20
    [judged] = life.judged()
    assert judged.shield is Shield.CANCEL
    assert judged.lowered_db is not None
    assert judged.lowered_db > 15
    person, _ = clip("turn-on-the-kitchen-light.wav")
    both = life.live(answer(2.0), (samples(person) * 0.7).astype("<i2").tobytes()[: 2 * 32_000])
    assert sum(frame.speech for frame in both) > 15
    assert dbfs(samples(b"".join(frame.pcm for frame in both))) > -45, "and it is what is sent"


def test_what_is_sent_at_another_rate_has_no_echo_either() -> None:
    life = Life(gain=0.6, wide_hz=48_000)
    [*_, quiet] = life.live(bytes(960 * 200))
    assert quiet.wide == np.repeat(samples(QUIET), 3).astype("<i2").tobytes(), "nothing was played: as it is"
    heard = life.live(answer(8.0))
    assert {(len(frame.pcm), len(frame.wide), frame.rate_hz) for frame in heard} == {(640, 1920, 48_000)}
    assert dbfs(samples(b"".join(frame.wide for frame in heard[100:]))) < -50, "it would interrupt itself"
    person, _ = clip("turn-on-the-kitchen-light.wav")
    both = life.live(answer(2.0), (samples(person) * 0.7).astype("<i2").tobytes()[: 2 * 32_000])
    narrow, wide = (dbfs(samples(b"".join(f))) for f in ([f.pcm for f in both], [f.wide for f in both]))
    assert wide == pytest.approx(narrow, abs=1.0), "whoever speaks over it is heard as well as at 16 kHz"
    assert wide > -45
    life.live(bytes(960 * 160))
    [*_, quiet] = life.live(bytes(960))
    assert quiet.wide == np.repeat(samples(QUIET), 3).astype("<i2").tobytes(), "and after a while again"


@pytest.mark.parametrize("late", [3, 12])
def test_a_reference_that_comes_late_is_half_duplex_for_a_moment(late: int) -> None:
    """Neither is its own voice taken for speech, nor is the canceller held to be bad, or changed for good."""
    life = Life(gain=0.6)
    life.live(bytes(48_000))
    life.live(answer(6.0))
    heard = life.live(answer(10.0), late=range(100, 100 + late))
    assert sum(frame.speech for frame in heard) < 20
    assert all(judged.shield is Shield.CANCEL for judged in life.judged())
    assert dbfs(samples(b"".join(frame.pcm for frame in heard[200:]))) < -50
    person, _ = clip("turn-on-the-kitchen-light.wav")
    both = life.live(answer(2.0), (samples(person) * 0.7).astype("<i2").tobytes()[: 2 * 32_000])
    assert sum(frame.speech for frame in both) > 15


def test_a_reference_that_is_somewhere_else_is_learned_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(gain=0.6)
    assert life.hearing._clear
    forgotten: list[bool] = []
    monkeypatch.setattr(life.hearing._clear._canceller, "forget", lambda: forgotten.append(True))
    life.hearing._clear.far.counters["moves"] += 1
    life.live(answer(0.1))
    assert forgotten == [True]


def test_a_box_that_does_not_speak_passes_frames_as_they_are() -> None:
    life = Life(gain=0.6)
    [*_, last] = life.live(bytes(960 * 200))
    assert last.pcm == QUIET


def useless(heard: bytes, played: bytes) -> SimpleNamespace:
    """A canceller in a room that is too much for it."""
    level, far = dbfs(samples(heard)), dbfs(samples(played))
    return SimpleNamespace(pcm=heard, levels=Levels(level, level - 3.0, far, 0.5), voiced=False)


def test_what_cannot_be_cancelled_makes_auto_half_duplex() -> None:
    life = Life(gain=0.6)
    assert life.hearing._clear
    life.hearing._clear._canceller = useless  # type: ignore[assignment]
    life.live(bytes(48_000))
    life.live(answer(18.0))
    [judged] = life.judged()
    assert judged.shield is Shield.HALF_DUPLEX
    assert "turn the speaker down" in judged.why


def test_what_was_measured_holds_from_the_start() -> None:
    life = Life(gain=0.6, measured={"lowered_db": 3.0})
    [judged] = life.judged()
    assert judged.shield is Shield.HALF_DUPLEX


def test_frames_that_were_lost_do_not_move_the_far_end() -> None:
    life = Life(gain=0.6)
    assert life.hearing.played
    speech = speechlike(0.2, 16_000)
    life.hearing.played(speech, 16_000)
    life.hearing.frame(QUIET, 3, 3)
    [heard] = [event for event in life.posted if isinstance(event, Heard)]
    assert (heard.index, heard.lost) == (3, 3)
