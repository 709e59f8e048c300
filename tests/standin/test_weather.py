"""Faults below the protocol, and those of a moment: each is seen by a bare client."""

from __future__ import annotations

import asyncio
import ssl
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from appliance.standin.refusal import INTERNAL_ERROR, NO_SESSION
from appliance.standin.server import Faults, StandIn

from .caller import PATH, calling, dig, quick, run, setup

PHASES = ("setup", "ready", "activity-start", "activity-end", "mid-answer", "turn")


async def live(caller):
    """Sends what leads through all phases, and reads until the connection ends; how it ended."""
    try:
        await caller.ask()
        async with asyncio.timeout(20):
            while True:
                await caller.socket.recv()
    except ConnectionClosed as error:
        return error


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("code", "reset"), [(0, False), (-1, True)], ids=["dropped", "reset"])
def test_cut_without_a_close_frame_at_any_moment(phase: str, code: int, reset: bool) -> None:
    async def test(standin):
        async with calling(standin, setup()) as caller:
            error = await live(caller)
        assert isinstance(error, ConnectionClosedError)
        assert error.rcvd is None
        if reset:
            assert isinstance(error.__cause__, ConnectionResetError)

    run(test, quick(faults=Faults(close_at=phase, close_code=code)))


@pytest.mark.parametrize("phase", ["ready", "activity-end", "mid-answer"])
def test_mute_from_any_moment_on(phase: str) -> None:
    async def test(standin):
        async with calling(standin, setup()) as caller:
            await caller.ask()
            await standin.wait_for(lambda record: any(e.has("realtimeInput") for e in record))
            pong = await caller.socket.ping()
            await asyncio.wait_for(pong, 5)  # it is there, and has nothing to say
            await asyncio.wait_for((await caller.socket.ping()), 5)
            assert not any(dig(e.message, "serverContent", "turnComplete") for e in standin.record)

    run(test, quick(faults=Faults(mute_at=phase)))


def test_half_open_from_a_moment_on() -> None:
    async def test(standin):
        async with calling(standin, setup()) as caller:
            await caller.until("setupComplete")
            await caller.realtime(activityStart={})
            await standin.wait_for(lambda record: any(e.has("realtimeInput") for e in record))
            pong = await caller.socket.ping()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pong, 0.3)
            caller.socket.transport.abort()

    run(test, quick(faults=Faults(freeze_at="activity-start")))


@pytest.mark.parametrize(("delay_s", "comes"), [(0.3, True), (-1.0, False)], ids=["late", "never"])
def test_pongs(delay_s: float, comes: bool) -> None:
    async def test(standin):
        async with calling(standin) as caller:
            began = time.monotonic()
            pong = await caller.socket.ping()
            if comes:
                await asyncio.wait_for(pong, 10)
                assert time.monotonic() - began >= delay_s
            else:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(pong, 0.3)
            await caller.ask()
            await caller.turn()  # and all the while everything else goes on

    run(test, quick(faults=Faults(pong_delay_s=delay_s)))


def test_a_slow_sender_and_a_slow_reader_take_their_time() -> None:
    async def timed(**faults) -> float:
        began = time.monotonic()
        async with StandIn(quick(faults=Faults(**faults))) as standin, calling(standin) as caller:
            await caller.ask()
            await caller.turn()
        return time.monotonic() - began

    async def test() -> None:
        fast = await timed()
        assert await timed(write_bytes_per_s=40_000.0) > fast
        assert await timed(read_bytes_per_s=40_000.0) >= 16_000 * 4 / 3 / 40_000, "half a second in base64"

    asyncio.run(test())


def test_handles_that_are_refused() -> None:
    async def test(standin):
        async with calling(standin, setup(sessionResumption={"handle": "any"})) as caller:
            assert await caller.closed() == (1008, NO_SESSION)

    run(test, quick(faults=Faults(refused_handles=True)))


def test_a_share_of_the_turns_ends_in_an_internal_error() -> None:
    async def test(standin):
        ends = []
        for _ in range(12):
            async with calling(standin) as caller:
                await caller.ask()
                try:
                    async with asyncio.timeout(20):
                        while not dig(await caller.receive(), "serverContent", "turnComplete"):
                            pass
                    ends.append("answered")
                except ConnectionClosed as error:
                    ends.append(error.rcvd.reason if error.rcvd else "")
        assert set(ends) == {"answered", INTERNAL_ERROR}

    run(test, quick(faults=Faults(internal_rate=0.5)))


def test_mute_after_go_away() -> None:
    async def test(standin):
        async with calling(standin) as caller:
            assert (await caller.receive())["goAway"] == {"timeLeft": "soon"}
            await caller.ask()
            pong = await caller.socket.ping()
            await asyncio.wait_for(pong, 5)
            assert standin.activities
            assert not standin.said

    run(test, quick(faults=Faults(go_away_s=0.0, go_away_left="soon", go_away_mute=True)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [("self-signed", ""), ("not-yet-valid", "not yet valid"), ("expired", "expired")],
)
def test_behind_tls(kind: str, words: str) -> None:
    async def test(standin):
        assert standin.url.startswith("wss://")
        trust = ssl.create_default_context(cafile=standin.certificate)
        if not words:
            async with connect(standin.url + PATH, ssl=trust) as socket:
                await socket.close()
            return
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            await connect(standin.url + PATH, ssl=trust)

    run(test, quick(tls=kind))
