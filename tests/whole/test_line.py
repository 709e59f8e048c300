"""The daemon as a process on lines that are not well: what it says, and that it goes on by itself."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from appliance.standin.server import Faults, Options, StandIn

from .house import Daemon, box, no_traceback

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.")


def faulty(**faults: object) -> Options:
    answer = "Yes, and this goes on for a while."
    return Options(brain=False, voice="tone", answer=answer, faults=Faults(**faults))  # type: ignore[arg-type]


def trusting(standin: StandIn) -> dict[str, str]:
    """The environment of a machine that trusts this stand-in's certificate, and no other."""
    return {**os.environ, "SSL_CERT_FILE": str(standin.certificate)}


@pytest.mark.parametrize(
    ("kind", "why", "phase"),
    [
        ("self-signed", None, None),
        ("not-yet-valid", "clock not set", "clock not set"),
        ("expired", "certificate refused", "offline"),
    ],
)
def test_certificates_of_any_time(kind: str, why: str | None, phase: str | None) -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer="Yes.", tls=kind)  # type: ignore[arg-type]
        async with StandIn(options) as standin, box(standin, environment=trusting(standin)) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            if why is None:
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                return
            await daemon.until(lambda: any(line.get("why") == why for line in daemon.of("line")))
            assert (await daemon.ask(do="status"))["phase"] == phase
            assert daemon.process.returncode is None

    asyncio.run(life())


@pytest.mark.parametrize(
    "faults",
    [
        {"pong_delay_s": 8.0},
        {"pong_delay_s": -1.0},
        {"close_at": "activity-end", "close_code": -1, "only_links": 1},
        {
            "close_at": "ready",
            "close_code": 1008,
            "close_reason": "The operation was aborted",
            "only_links": 1,
        },
        {"refuse_handshake": 503, "only_links": 2},
        {"go_away_s": 0.1, "go_away_left": "soon", "only_links": 1},
        {"turn_complete": "early"},
        {"spontaneous_interrupts": 3},
        {"odd_chunks": True, "late_chunks": 3},
        {"internal_rate": 1.0, "only_links": 1},
    ],
    ids=lambda faults: "-".join(faults),
)
def test_a_question_is_answered_all_the_same(faults: dict[str, object]) -> None:
    async def life() -> None:
        async with StandIn(faulty(**faults)) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: any(t["outcome"] == "answered" for t in daemon.of("turn")))
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_mute_service_is_asked_again_in_a_fresh_session() -> None:
    async def life() -> None:
        async with StandIn(faulty(mute_at="activity-end", only_links=1)) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            assert [line["why"] for line in daemon.of("line") if line["state"] == "down"] == ["service mute"]
            setups = [e.message["setup"] for e in standin.record if e.has("setup")]
            assert [setup["sessionResumption"] for setup in setups] == [{}, {}]

    asyncio.run(life())


def test_the_stand_in_as_a_command_misbehaves_as_it_is_told() -> None:
    async def life() -> None:
        command = [sys.executable, "-m", "appliance.standin", "--no-brain", "--voice", "tone"]
        command += ["--fault", "close-at=ready", "--fault", "close-code=-1", "--fault", "only-links=1"]
        standin = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            assert standin.stdout is not None
            url = (await asyncio.wait_for(standin.stdout.readline(), 20)).decode().split()[-1]
            async with Daemon(f'[live]\nendpoint = "{url}"\n[audio]\nbackend = "memory"\n') as daemon:
                await daemon.ask(do="talk", hold_s=0.4)
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                assert any(line.get("why") == "line dropped" for line in daemon.of("line"))
        finally:
            standin.terminate()
            await standin.wait()

    asyncio.run(life())
