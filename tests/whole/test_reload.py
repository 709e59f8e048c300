"""A changed configuration in the running daemon: applied without dropping the conversation, or refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from appliance.standin.server import Options, StandIn
from tests.judge import judge_client

from .house import box

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="It is so.")


def test_another_voice_is_heard_in_the_same_conversation() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            assert (await daemon.run("ask", "Is it so?"))[:2] == (0, "It is so.\n")
            text = daemon.config.read_text(encoding="utf-8")
            changed = text.replace("[live]\n", '[live]\nvoice = "Kore"\n') + "[button]\npin = 5\n"
            daemon.config.write_text(changed, encoding="utf-8")
            status, out, err = await daemon.run("reload")
            assert (status, out, err) == (0, "changed: live.voice\nneeds a restart: button.pin\n", "")
            await daemon.until(lambda: any(told["state"] == "changing" for told in daemon.of("line")))
            assert (await daemon.run("ask", "Still?"))[:2] == (0, "It is so.\n")
            setups = [e.message["setup"] for e in standin.record if e.side == "client" and e.has("setup")]
            for setup in setups:
                judge_client(json.dumps({"setup": setup}))
            first, second = setups
            voice = second["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"][
                "voiceName"
            ]
            assert voice == "Kore"
            assert "handle" not in first["sessionResumption"]
            assert second["sessionResumption"]["handle"]
            assert (await daemon.run("reload"))[1] == "changed: nothing\nneeds a restart: button.pin\n"

    asyncio.run(life())


def test_a_mistake_is_told_and_changes_nothing() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            daemon.config.write_text("[audio]\nechoes = 7\n", encoding="utf-8")
            answer = await daemon.ask(do="reload")
            assert answer["ok"] is False
            assert "audio.echoes" in str(answer["error"])
            assert "nothing was changed" in str(answer["remedy"])
            assert (await daemon.ask(do="status"))["ok"]

    asyncio.run(life())
