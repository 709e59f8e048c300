"""The open speaker on a real sound server: what the virtual speaker plays, the virtual microphone hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import samples
from ..soundserver import SoundServer, missing_tools, open_air
from .house import Daemon, box, clip, command, no_traceback
from .test_echo import LONG

pytestmark = pytest.mark.slow
pytest.importorskip("pywebrtc_audio", reason="the canceller is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


TRIES = 3  # the loop of a sound server is no air: on a starved machine its delay jumps, as no room's does


def test_it_hears_a_person_over_its_own_voice_and_not_itself(server: SoundServer) -> None:
    async def answers(daemon: Daemon) -> bool:
        """Two answers to the end, and the canceller has been judged."""
        count = 0
        while count < 2 or (count < 6 and not daemon.of("echo")):
            count += 1
            await daemon.ask(do="talk", hold_s=0.3)
            await daemon.until(lambda count=count: len(daemon.of("turn")) >= count)
        return not daemon.of("barge-in") and bool(daemon.of("echo"))

    async def life() -> bool:
        with open_air(server):
            options = Options(brain=False, answer=LONG, playback_wait=0.0)
            async with (
                StandIn(options) as standin,
                box(standin, "[turns]\nfollow_up_s = 0\n", server.environment, "pyaudio") as daemon,
            ):
                assert await daemon.known("microphone") == "open"
                if not await answers(daemon):
                    return False
                [judged] = daemon.of("echo")
                assert judged["shield"] == "cancel"
                assert float(str(judged["lowered_db"])) > 15, judged
                shown = (await daemon.ask(do="status"))["echo"]
                assert isinstance(shown, dict)
                assert shown["shield"] == "cancel"

                await daemon.ask(do="talk", hold_s=0.3)
                await daemon.until(lambda: any(t["mood"] == "speaking" for t in daemon.of("phase")[-1:]))
                await asyncio.sleep(1.5)  # into the midst of the answer
                pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
                said = (samples(pcm) * 0.6).astype("<i2").tobytes()
                for _ in range(2):  # half-duplex for a moment, where the machine has just stumbled
                    if not daemon.of("barge-in"):
                        await asyncio.to_thread(server.speak, said, rate_hz)
                await daemon.until(lambda: daemon.of("barge-in"))
                await daemon.until(lambda: daemon.of("turn")[-1]["outcome"] == "interrupted")
                assert await daemon.stop() == 0
                no_traceback(daemon.log)
                return True

    assert any(asyncio.run(life()) for _ in range(TRIES))


def test_the_command_measures_it(server: SoundServer, tmp_path: object) -> None:
    async def life() -> None:
        environment = server.environment | {"STATE_DIRECTORY": str(tmp_path)}
        with open_air(server):
            code, out, err = await command("echo", "--json", environment=environment)
            assert code == 0, err
            found = json.loads(out)
            assert 20 <= found["delay_ms"] <= 400
            assert found["lowered_db"] > 15
            assert found["shield"] == "cancel"
        code, out, err = await command("echo", environment=environment)
        assert code == 0, err
        assert "no echo is heard" in out

    asyncio.run(life())
