"""Functions of third parties, from an installed package to the model and back, over a real WebSocket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.standin.scene import parse
from appliance.standin.server import Options, StandIn

from .house import Daemon, box, no_traceback
from .packages import installed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installed(tmp_path_factory.mktemp("functions"))


def calling(*steps: dict[str, object]) -> Options:
    """A service that hears one turn, and then does this."""
    scene = parse({"about": "calling", "steps": [{"expect": "turn"}, *steps]})
    return Options(scene=scene, voice="tone")


def call(name: str, id: str = "a", **args: object) -> dict[str, object]:
    return {"name": name, "id": id, "args": args}


def answers(standin: StandIn) -> list[dict[str, Any]]:
    """Every function response that it was sent, in order."""
    said = [e.message["toolResponse"] for e in standin.record if e.side == "client" and e.has("toolResponse")]
    return [response for message in said for response in message["functionResponses"]]


def declared(standin: StandIn) -> dict[str, Any]:
    """The functions of the first setup, by name."""
    [setup, *_] = [e.message["setup"] for e in standin.record if e.side == "client" and e.has("setup")]
    return {d["name"]: d for tool in setup["tools"] for d in tool.get("functionDeclarations", ())}


UNWANTED = '[functions]\ndisabled = ["unwanted"]\n'


async def told(daemon: Daemon, standin: StandIn, count: int) -> list[dict[str, Any]]:
    """Speak, and wait until so many answers of functions have come."""
    await daemon.ask(do="talk", hold_s=0.4)
    await standin.wait_for(lambda record: len(answers(standin)) >= count)
    return answers(standin)


def test_a_good_and_a_bad_call_of_one_message_are_both_answered(environment: dict[str, str]) -> None:
    calls = [
        call("tide", port="Brest", kind="NEAP"),
        call("tide", "b", port="Rome"),
        call("tide", "c", prt=1),
    ]

    async def life() -> None:
        options = calling({"call": calls}, {"speak": "At six."})
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            found = {row["id"]: row["response"] for row in await told(daemon, standin, 3)}
            assert found == {
                "a": {"port": "Brest", "when": "at six", "metres": 7.25},
                "b": {"error": "there is no port 'Rome'; there are: Aden, Brest"},
                "c": {"error": "there is no argument 'prt'; the arguments are: port, kind"},
            }
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            assert declared(standin)["tide"] == {
                "name": "tide",
                "description": "Tell when the next high tide is at a port, and how high.",
                "behavior": "BLOCKING",
                "parameters": {
                    "type": "OBJECT",
                    "properties": {
                        "port": {"type": "STRING", "description": "A harbour."},
                        "kind": {"type": "STRING", "enum": ["spring", "neap"]},
                    },
                    "required": ["port"],
                },
            }
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_what_fails_or_hangs_is_an_error_that_can_be_spoken(environment: dict[str, str]) -> None:
    async def life() -> None:
        calls = [call("stumble", secret="under the mat"), call("hang", "b")]
        options = calling({"call": calls}, {"speak": "Sorry."})
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            found = {row["id"]: row["response"] for row in await told(daemon, standin, 2)}
            assert found == {
                "a": {"error": "stumble failed"},
                "b": {"error": "hang did not answer in time"},
            }
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            assert await daemon.stop() == 0, "a function that hangs does not keep the daemon from ending"
            assert "the function stumble failed with ValueError" in daemon.log
            assert 'raise ValueError(f"an argument is never shown: {secret}")' in daemon.log
            assert "under the mat" not in daemon.log

    asyncio.run(life())


def test_a_bad_entry_point_is_a_warning_with_its_remedy(environment: dict[str, str]) -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer="Yes.")
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            assert (await daemon.run("ask", "What can you do?"))[:2] == (0, "Yes.\n")
            theirs = {"tide", "bake", "count_down", "stumble", "hang"}
            assert set(declared(standin)) >= theirs | {"get_lights", "set_lights"}
            assert declared(standin)["get_lights"]["description"].startswith("Tell the state of lights")
            assert declared(standin)["bake"]["behavior"] == "NON_BLOCKING"
            assert await daemon.stop() == 0
        for part in (
            "exampling:get_lights of the package example-functions is left out: the box has a function",
            "the parameter 'what' of the function 'shapeless' has a type that a model cannot fill in",
            "exampling.missing:missing of the package example-functions cannot be loaded (Module",
            "or list 'missing' in functions.disabled",
        ):
            assert part in daemon.log, daemon.log
        assert "unwanted" not in daemon.log
        no_traceback(daemon.log)

    asyncio.run(life())


def test_a_conversation_that_the_model_ends_leaves_nothing_behind() -> None:
    async def life() -> None:
        scene = parse(
            {"links": [[{"expect": "turn"}, {"call": [call("end_conversation")]}, {"speak": "Bye."}], []]}
        )
        options = Options(scene=scene, brain=False, voice="tone", answer="Hello.")
        async with StandIn(options) as standin, box(standin) as daemon:
            await told(daemon, standin, 1)
            await daemon.until(lambda: daemon.of("turn"))
            await daemon.until(lambda: daemon.of("line")[-1]["state"] == "closed")
            assert (await daemon.ask(do="status"))["phase"] == "idle", "and no follow-up is listened for"
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: len(daemon.of("turn")) == 2)
            setups = [e.message["setup"] for e in standin.record if e.side == "client" and e.has("setup")]
            assert [setup["sessionResumption"] for setup in setups] == [{}, {}]
            assert not any(e.side == "client" and e.has("clientContent") for e in standin.record)

    asyncio.run(life())


def heard(daemon: Daemon) -> str:
    """All that the model has said."""
    return "".join(str(t["text"]) for t in daemon.of("transcript") if t["who"] == "model")


def test_an_answer_that_interrupts_is_spoken_at_once(environment: dict[str, str]) -> None:
    async def life() -> None:
        options = calling(
            {"call": [call("bake", loaves=2.0)], "wait": False}, {"speak": "A long story.", "seconds": 60}
        )
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            [row] = await told(daemon, standin, 1)
            assert (row["response"], row["scheduling"]) == ({"output": "2 loaves are ready"}, "INTERRUPT")
            assert "willContinue" not in row
            await daemon.until(lambda: "Of bake: 2 loaves are ready." in heard(daemon))
            interrupted = [
                e for e in standin.record if e.side == "server" and "interrupted" in str(e.message)
            ]
            assert interrupted, "the story was broken off"
            await daemon.until(lambda: daemon.of("turn"))
            assert await daemon.stop() == 0

    asyncio.run(life())


def test_a_generator_answers_again_and_again_when_the_model_is_free(environment: dict[str, str]) -> None:
    async def life() -> None:
        options = calling(
            {"call": [call("count_down", start=2)], "wait": False}, {"speak": "Counting.", "seconds": 1}
        )
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            rows = await told(daemon, standin, 3)
            assert [(r["response"], r.get("scheduling"), r.get("willContinue", False)) for r in rows] == [
                ({"left": 2}, "WHEN_IDLE", True),
                ({"left": 1}, "WHEN_IDLE", True),
                ({}, "SILENT", False),
            ]
            await daemon.until(lambda: "Of count_down: 1." in heard(daemon))
            assert heard(daemon) == "Counting.Of count_down: 2.Of count_down: 1."
            sent = [str(e.message) for e in standin.record if e.side == "server"]
            assert not any("'interrupted'" in message for message in sent), "it has waited for its turn"
            assert await daemon.stop() == 0

    asyncio.run(life())


@pytest.mark.parametrize(
    ("model", "behavior"),
    [("gemini-3.1-flash-live-preview", "BLOCKING"), ("gemini-3.8-live-extended-thinking", "NON_BLOCKING")],
)
def test_a_model_with_one_behaviour_gets_that(environment: dict[str, str], model: str, behavior: str) -> None:
    async def life() -> None:
        options = calling({"call": [call("count_down", start=2)]}, {"speak": "There."})
        async with StandIn(options) as standin:
            toml = f'[live]\nmodel = "{model}"\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"\n'
            async with Daemon(toml + UNWANTED, environment) as daemon:
                rows = await told(daemon, standin, 1 if behavior == "BLOCKING" else 3)
                assert {d["behavior"] for d in declared(standin).values()} == {behavior}
                assert rows[0]["response"] == {"left": 2}, "what is known at once"
                assert ("willContinue" in rows[0]) == (behavior == "NON_BLOCKING")
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                assert len(answers(standin)) == len(rows)

    asyncio.run(life())


def test_louder_by_voice_and_by_command_is_kept_over_a_restart(tmp_path: Path) -> None:
    async def life() -> None:
        state = str(tmp_path / "state")
        options = calling({"call": [call("set_volume", change="quieter")]}, {"speak": "Softer."})
        async with StandIn(options) as standin:
            toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"\nvolume = 60\n'
            async with Daemon(toml, state=state) as daemon:
                [row] = await told(daemon, standin, 1)
                assert row["response"] == {"volume": 50}
                assert (await daemon.run("volume"))[:2] == (0, "50 %\n")
                assert (await daemon.run("volume", "louder"))[:2] == (0, "60 %\n")
                assert (await daemon.run("volume", "35"))[:2] == (0, "35 %\n")
                status, _, err = await daemon.run("volume", "135")
                assert (status, "a whole number from 0 to 100" in err) == (1, True)
                assert await daemon.stop() == 0
            async with Daemon(toml, state=state) as daemon:
                assert (await daemon.ask(do="status"))["volume"] == 35

    asyncio.run(life())


def test_a_cancelled_call_is_not_answered_and_what_was_done_all_the_same_is_told(
    environment: dict[str, str],
) -> None:
    lamp = call("set_lights", "lamp", names=["kitchen light"], power="on")

    async def life() -> None:
        options = calling(
            {"call": [call("hang", "waits"), lamp], "wait": False},
            {"cancel": True},
            {"call": [call("get_lights", "after")]},
            {"call": [call("get_lights", "later")]},
            {"speak": "As you wish."},
        )
        async with StandIn(options) as standin, box(standin, UNWANTED, environment) as daemon:
            await told(daemon, standin, 1)
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            by_id = {row["id"]: row["response"] for row in answers(standin)}
            assert "waits" not in by_id, "its time limit has passed, and nobody was told"
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert by_id["after"]["lights"]["kitchen light"] == {"power": "on"}
            # The lamp may have been quicker than the cancellation: the model knows of it either way, once.
            note = "set_lights that was cancelled had already been done"
            noted = note in f"{by_id['after']} {by_id['later']}"  # or the first came before the lamp was lit
            assert noted is ("lamp" not in by_id)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_the_check_of_a_configuration_names_what_is_left_out(environment: dict[str, str]) -> None:
    async def life() -> None:
        async with StandIn() as standin, box(standin, UNWANTED, environment) as daemon:
            status, out, _ = await daemon.run("run", "--check")
            assert status == 0
            assert "warning: the function exampling:get_lights of the package example-functions" in out
            assert "the configuration is fine" in out

    asyncio.run(life())
