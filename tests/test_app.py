"""The attic: what it builds of a configuration, and where a key may go."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from appliance.app import BACKOFF_FIRST_S, BACKOFF_MOST_S, backoff, build, conversation, credentials, live
from appliance.config import parse
from appliance.core.events import Ask, Asked, Stop
from appliance.core.health import LATE_S
from appliance.errors import CredentialError, LightError
from appliance.recorder.replay import replay

KEY = "a-key-of-no-consequence"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))


@pytest.mark.parametrize(
    ("endpoint", "with_key", "without"),
    [
        ("wss://generativelanguage.googleapis.com", {"x-goog-api-key": KEY}, None),
        ("wss://127.0.0.1:1", {"x-goog-api-key": KEY}, {}),
        ("ws://127.0.0.1:1", {"x-goog-api-key": KEY}, {}),
        ("ws://localhost:1", {"x-goog-api-key": KEY}, {}),
        ("ws://[::1]:1", {"x-goog-api-key": KEY}, {}),
        ("ws://somewhere.example", {}, {}),
    ],
)
def test_a_key_is_never_sent_in_the_clear_over_a_network(
    endpoint: str, with_key: dict[str, str], without: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = credentials(endpoint)
    if without is None:
        with pytest.raises(CredentialError):
            headers()
    else:
        assert headers() == without
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    assert headers() == with_key


def test_the_delays_double_to_half_a_minute_and_no_two_boxes_agree() -> None:
    delays = list(itertools.islice(backoff(), 12))
    assert BACKOFF_FIRST_S / 2 <= delays[0] <= BACKOFF_FIRST_S
    assert all(BACKOFF_MOST_S / 2 <= delay <= BACKOFF_MOST_S for delay in delays[-4:])
    assert delays != list(itertools.islice(backoff(), 12))


def test_the_configuration_reaches_the_core() -> None:
    toml = {
        "live": {"model": "x", "voice": "Kore", "connect": "always"},
        "turns": {"follow_up_s": 3, "pre_roll_ms": 100, "interruptible": False},
        "lights": {"lamp": {"pin": 4, "initial": "on"}},
    }
    core = conversation(parse(toml), beat_s=2 * LATE_S)
    assert core.session.is_wanted
    assert core.calls.lighting.states["lamp"].on
    assert repr(core) == "link 0 down, turn 0 idle, ear quiet"


def test_lights_that_cannot_be_claimed_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-factory")

    async def life() -> None:
        build(parse({"audio": {"backend": "memory"}, "lights": {"lamp": {"pin": 4}}}))

    with pytest.raises(LightError):
        asyncio.run(life())


def test_a_part_that_ends_by_itself_ends_the_daemon(tmp_path_factory: pytest.TempPathFactory) -> None:
    socket = tmp_path_factory.mktemp("s") / "c.sock"

    async def broken() -> None:
        raise RuntimeError("a bug in the ear")

    async def life() -> None:
        toml = {"audio": {"backend": "memory"}, "control": {"socket": str(socket)}}
        box = build(parse(toml), state=socket.parent)
        box.microphone.run = broken  # type: ignore[method-assign]
        await live(box)

    with pytest.raises(RuntimeError, match="a bug in the ear"):
        asyncio.run(asyncio.wait_for(life(), 10))
    assert not socket.exists(), "and it is tidy all the same"


def test_it_stops_when_told_before_it_has_begun(tmp_path_factory: pytest.TempPathFactory) -> None:
    socket = tmp_path_factory.mktemp("s") / "c.sock"

    async def life() -> None:
        box = build(parse({"audio": {"backend": "memory"}, "control": {"socket": str(socket)}}))
        box.pump.post(Stop())
        await live(box)

    asyncio.run(asyncio.wait_for(life(), 10))
    assert not socket.exists()


def test_a_bug_of_the_core_leaves_what_led_to_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("s")

    async def life() -> None:
        toml = {"audio": {"backend": "memory"}, "control": {"socket": str(place / "c.sock")}}
        box = build(parse(toml), state=place)
        for event in (Asked(1, Ask("umbrella")), "ostrich"):
            box.pump.post(event)  # type: ignore[arg-type]
        await live(box)

    with pytest.raises(AssertionError):
        asyncio.run(asyncio.wait_for(life(), 10))
    [flight] = place.glob("flight-*.jsonl")
    text = flight.read_text(encoding="utf-8")
    assert "umbrella" not in text
    assert "ostrich" not in text
    assert replay(flight).crash == "AssertionError"
