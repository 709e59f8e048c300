"""Run alone, as a person would."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import pytest
from websockets.asyncio.client import connect

from .caller import PATH, setup


async def started(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "appliance.standin", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_told_to_stop(number):
    async def test():
        async with asyncio.timeout(30):
            process = await started("--scene", "plain", "--fault", "close-at=ready", "--voice", "tone")
            line = (await process.stdout.readline()).decode()
            assert line.startswith("stand-in listening on ws://127.0.0.1:")
            async with connect(line.split()[-1] + PATH) as socket:
                await socket.send(json.dumps(setup()))
                assert json.loads(await socket.recv()) == {"setupComplete": {}}
                await socket.wait_closed()
                assert socket.close_code == 1011
            process.send_signal(number)
            output, errors = await process.communicate()
            assert (process.returncode, output, errors) == (0, b"", b"")

    asyncio.run(test())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--scene", "nothing"], "no scene 'nothing'"),
        (["--fault", "rain"], "nothing is called 'rain'"),
        (["--fault", "close-at=noon"], "close_at must be one of"),
        (["--model-profile", "9"], "no model profile '9'; there are 3.8-extended, 3.8"),
        (["--time-scale", "0"], "--time-scale must be above 0"),
    ],
)
def test_bad_arguments(arguments, reason):
    async def test():
        process = await started(*arguments)
        _, errors = await process.communicate()
        assert process.returncode == 64
        assert reason in errors.decode()
        assert "Traceback" not in errors.decode()

    asyncio.run(test())
