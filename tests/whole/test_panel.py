"""The panel, as a person has it before them: the real daemon, and a real browser that is clicked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from appliance.standin.server import Options, StandIn

from ..soundserver import SoundServer, missing_tools
from .browser import DESKTOP, PHONE, Browser
from .house import Daemon, box, clip
from .pins import Pins

pytestmark = pytest.mark.slow
ANSWER = "It is half past two."
PASSWORD = "müde Katze 7"
SCENES = """
[scenes."good night"]
all = "off"
[scenes.dinner]
"desk lamp" = 60
"bedroom lamp" = { brightness = 30, colour = "warm white" }
"""
DAYS = {
    f"2026-11-{day:02}": {"turns": day, "prompt": 900 * day, "response": 90 * day, "total": 990 * day}
    for day in (3, 4, 5, 8, 9, 10, 11, 12, 13, 17, 18, 19, 20, 21, 22)
}


UNNAMED = """[...document.querySelectorAll("button, input:not([hidden])")].filter((one) =>
  !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Room:
    """A daemon with a panel, its pins, and a browser before it."""

    def __init__(self, daemon: Daemon, pins: Pins, browser: Browser, url: str) -> None:
        self.daemon, self.pins, self.browser, self.url = daemon, pins, browser, url

    async def come(self) -> None:
        await self.browser.open(self.url)
        await self.browser.until('document.querySelector("#link").dataset.state === "here"')
        await self.browser.until('document.querySelectorAll("#lights li").length === 3')

    def level(self, pin: int) -> float:
        """What it shows now; -1 before it has shown anything."""
        return self.pins.shown.get(pin, [-1.0])[-1]

    def is_clean(self) -> None:
        """Nothing went wrong in the page, and nothing came from elsewhere."""
        assert self.browser.complaints == []
        near = self.url.removeprefix("http:").rstrip("/")
        strangers = [url for url in self.browser.loaded if not url.partition(":")[2].startswith(near)]
        assert set(strangers) <= {"about:blank"}


@contextlib.asynccontextmanager
async def room(
    more: str = "",
    secret: str = "",
    size: Mapping[str, object] = PHONE,
    *,
    dark: bool = False,
    sound: SoundServer | None = None,
    state: Mapping[str, str] | None = None,
) -> AsyncIterator[Room]:
    port = free_port()
    toml = f"[panel]\nenabled = true\nport = {port}\n{more}\n{SCENES}"
    async with Pins() as pins:
        environment = {**(sound.environment if sound else os.environ), **pins.environment}
        environment |= {"APPLIANCE_PANEL_PASSWORD": secret} if secret else {}
        options = Options(brain=sound is not None, voice="tone", answer=ANSWER)
        backend = "pyaudio" if sound else "memory"
        async with (
            Browser(size, dark=dark) as browser,
            StandIn(options) as standin,
            box(standin, toml, environment, backend, pins=True, state=state) as daemon,
        ):
            yield Room(daemon, pins, browser, f"http://127.0.0.1:{port}/")


def pixels(png: bytes) -> tuple[int, int, int]:
    """How large a picture is, and how many different rows it has: an empty page has one."""
    width, height = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    rows = zlib.decompress(packed)
    stride = len(rows) // height
    return width, height, len({rows[n : n + stride] for n in range(0, len(rows), stride)})


async def pictured(browser: Browser, name: str) -> None:
    """A picture that somebody may look at, where APPLIANCE_PICTURES names a directory for them."""
    png = await browser.picture()
    assert pixels(png)[2] > 100
    if place := os.environ.get("APPLIANCE_PICTURES"):
        await asyncio.to_thread((Path(place) / f"{name}.png").write_bytes, png)


def switched(light: str, *, on: bool) -> str:
    checked = f"""document.querySelector('[aria-label="{light}"]').getAttribute("aria-checked")"""
    return f'{checked} === "{str(on).lower()}"'


def shows(selector: str, text: str) -> str:
    return f'document.querySelector("{selector}").textContent.includes({json.dumps(text)})'


def test_a_light_is_clicked_and_its_pin_changes() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            await at.browser.click('[aria-label="kitchen light"]')
            await at.pins.until(lambda: at.level(17) == 1)
            await at.browser.until(switched("kitchen light", on=True))
            assert (await at.daemon.lights())["kitchen light"] == {"power": "on"}
            await at.browser.key(" ")  # it has the focus: the keyboard does the same
            await at.pins.until(lambda: at.level(17) == 0)
            await at.browser.until(switched("kitchen light", on=False))
            await at.daemon.run("lights", "kitchen light", "on")  # and what others do is seen
            await at.browser.until(switched("kitchen light", on=True))
            slider = '[aria-label="brightness of desk lamp"]'
            await at.browser.click(slider)
            half = {"desk lamp": {"power": "on", "brightness": 50}}
            await at.daemon.until(lambda: half in [told["lights"] for told in at.daemon.of("lights")])
            await at.browser.click("#scenes button:first-child")
            await at.pins.until(lambda: at.level(17) == 0)
            await at.browser.until(switched("desk lamp", on=False))
            at.is_clean()

    asyncio.run(life())


def test_mute_volume_and_timers() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            b = at.browser
            await b.click("#mute")
            await at.daemon.until(lambda: at.daemon.of("mute"))
            await b.until('document.querySelector("#mute").getAttribute("aria-pressed") === "true"')
            await b.until('document.querySelector("#orb").dataset.mood === "muted"')
            assert (await at.daemon.ask(do="status"))["muted"] is True
            await b.click("#talk")
            await b.until(shows("#notice", "the box is muted"))
            await b.click("#mute")
            await b.until('document.querySelector("#orb").dataset.mood === "idle"')

            await b.click("#volume")
            await b.until(shows("#volume-shown", "50 %"))
            while (await at.daemon.ask(do="volume"))["volume"] != 50:
                pass

            await b.click("#minutes")
            await b.type("10")
            await b.key("Tab")
            await b.type("<b>pasta</b>")
            await b.key("Enter")
            await b.until(shows("#timers", "<b>pasta</b>"))
            await at.daemon.until(lambda: at.daemon.of("timer"))
            assert at.daemon.of("timer")[0]["name"] == "<b>pasta</b>"
            await b.click('[aria-label="cancel <b>pasta</b>"]')
            await b.until(shows("#timers", "None is set."))
            assert (await at.daemon.ask(do="timers"))["timers"] == []
            at.is_clean()

    asyncio.run(life())


@pytest.mark.parametrize("transcript", [False, True])
def test_words_are_seen_only_where_that_is_allowed(*, transcript: bool) -> None:
    async def life() -> None:
        more = f"transcript = {str(transcript).lower()}"
        async with room(more) as at:
            await at.come()
            assert (await at.daemon.ask(do="ask", text="What time is it?"))["answer"] == ANSWER
            await at.browser.until(shows("#news", "turn 1"))
            assert await at.browser.see(shows("#words", ANSWER)) is transcript
            await at.browser.click("#question")  # who asks here gets the answer here
            await at.browser.type("And now?")
            await at.browser.key("Enter")
            await at.browser.until(shows("#words", "And now?"))
            await at.browser.until(shows("#words", ANSWER))
            at.is_clean()

    asyncio.run(life())


def test_a_wrong_password_is_refused_and_the_right_one_is_kept_in_a_cookie_no_script_can_read() -> None:
    async def life() -> None:
        async with room(secret=PASSWORD) as at:
            b = at.browser
            await b.open(at.url)
            await b.until('!document.querySelector("#login").hidden')
            await pictured(b, "login")
            await b.type("falsche Katze")
            await b.key("Enter")
            await b.until(shows("#login-error", "That is not the password."))
            assert await b.see('document.querySelector("#main").hidden') is True
            await b.type(PASSWORD)
            await b.key("Enter")
            await b.until('document.querySelector("#link").dataset.state === "here"')
            assert await b.see("document.cookie") == ""
            await at.come()  # loaded anew, and still known
            await b.click('[aria-label="kitchen light"]')
            await at.pins.until(lambda: at.level(17) == 1)
            await b.click("#leave")
            await b.until('!document.querySelector("#login").hidden')
            await b.open(at.url)
            await b.until('!document.querySelector("#login").hidden')  # loaded anew, and not known any more
            assert not any(PASSWORD in url or "Katze" in url for url in b.loaded)
            told = [
                complaint for complaint in b.complaints if "401" not in complaint and "403" not in complaint
            ]
            assert told == []
            assert await at.daemon.stop() == 0
            assert "Katze" not in at.daemon.log
            assert "panel: a wrong password" in at.daemon.log

    asyncio.run(life())


def test_when_the_box_has_gone_the_page_says_so_and_comes_back_by_itself() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            await at.daemon.stop()
            await at.browser.until('!document.querySelector("#away").hidden')
            assert await at.browser.see('document.querySelector("#main").inert') is True
            assert "What you see is from" in str(
                await at.browser.see('document.querySelector("#away").textContent')
            )
            await pictured(at.browser, "away")
            again = Daemon(at.daemon.config.read_text("utf-8"), at.daemon.environment)
            again.config.write_text(at.daemon.config.read_text("utf-8"), "utf-8")
            again.socket = at.daemon.socket
            async with again:
                await at.browser.until('document.querySelector("#link").dataset.state === "here"')
                assert await at.browser.see('document.querySelector("#main").inert') is False
                await at.browser.click('[aria-label="kitchen light"]')
                await at.browser.until(switched("kitchen light", on=True))

    asyncio.run(life())


def test_the_doctor_is_called_and_his_findings_are_shown() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            await at.browser.click("#doctor")
            await at.browser.until('document.querySelectorAll("#findings li").length > 5', 90)
            assert await at.browser.see(shows("#findings", "configuration"))
            assert not await at.browser.see('document.querySelector("#doctor").disabled')
            await pictured(at.browser, "doctor")
            at.is_clean()

    asyncio.run(life())


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


def test_talk_is_clicked_and_what_is_said_is_seen_as_it_is_said(server: SoundServer) -> None:
    kept = {"usage.json": json.dumps({"version": 1, "days": DAYS})}

    async def life() -> None:
        async with room("transcript = true", sound=server, state=kept) as at:
            assert await at.daemon.known("microphone") == "open"
            await at.come()
            for turns in (1, 2):
                await at.browser.click("#talk")
                await at.browser.until('document.querySelector("#orb").dataset.mood === "listening"')
                pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
                speaks = asyncio.create_task(asyncio.to_thread(server.speak, pcm, rate_hz))
                await at.browser.until("strip.some((bar) => bar.speech && bar.level > 2)")
                await speaks
                await at.daemon.until(lambda turns=turns: len(at.daemon.of("turn")) == turns)  # type: ignore[misc]
                await at.daemon.ask(do="cancel")
                await at.browser.until(f'document.querySelectorAll("#quick rect").length === {turns}')
            await at.browser.until(switched("kitchen light", on=True))
            await at.browser.until(shows("#words", "kitchen light"))
            await pictured(at.browser, "spoken")
            at.is_clean()

    asyncio.run(life())


def test_talk_is_held_by_a_finger_for_as_long_as_somebody_speaks(server: SoundServer) -> None:
    """Longer than a silent press may be before it mutes, with a pause in which a tap would have ended."""

    async def life() -> None:
        async with room("transcript = true", sound=server) as at:
            assert await at.daemon.known("microphone") == "open"
            await at.come()
            b = at.browser
            x, y = await b.touch("#talk")
            await b.until('document.querySelector("#orb").dataset.mood === "listening"')
            pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
            silence = bytes(2 * 2 * rate_hz)
            await b.drag(x, y + 200)  # it slips off, and is still the same finger
            await asyncio.to_thread(server.speak, silence + silence + pcm + silence, rate_hz)
            assert at.daemon.of("turn") == [], "it is held"
            assert at.daemon.of("mute") == []
            assert await b.see('document.querySelector("#orb").dataset.mood') == "listening"
            await b.lift()
            await b.until(switched("kitchen light", on=True))
            await at.daemon.until(lambda: at.daemon.of("turn"))
            assert at.daemon.of("turn")[0]["outcome"] == "answered"
            at.is_clean()

    asyncio.run(life())


def test_a_phone_that_goes_away_lets_go() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            await at.browser.touch("#talk")
            await at.browser.until('document.querySelector("#orb").dataset.mood === "listening"')
            answer = await at.daemon.ask(do="press")
            assert answer["error"] == "somebody presses the button already"
            await at.browser.open("about:blank")
            await at.daemon.until(lambda: at.daemon.of("phase")[-1]["mood"] != "listening")
            assert (await at.daemon.ask(do="press"))["ok"] is True
            assert (await at.daemon.ask(do="release"))["ok"] is True
            assert (await at.daemon.ask(do="status"))["button"] == "fine"

    asyncio.run(life())


def test_two_quick_taps_end_the_conversation_and_the_keyboard_taps() -> None:
    async def life() -> None:
        async with room() as at:
            await at.come()
            await at.browser.until('document.querySelector("#orb").dataset.mood === "idle"')
            for _ in range(2):
                await at.browser.touch("#talk")
                await at.browser.lift()
            await at.daemon.until(lambda: at.daemon.of("conversation"))
            await at.browser.see('document.querySelector("#talk").focus()')
            await at.browser.key("Enter")
            await at.daemon.until(lambda: at.daemon.of("phase")[-1]["mood"] == "listening")
            at.is_clean()

    asyncio.run(life())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desktop", DESKTOP)])
def test_it_can_be_looked_at(name: str, size: Mapping[str, object], *, dark: bool) -> None:
    kept = {"usage.json": json.dumps({"version": 1, "days": DAYS})}

    async def life() -> None:
        async with room("transcript = true", size=size, dark=dark, state=kept) as at:
            await at.come()
            b = at.browser
            await b.click('[aria-label="desk lamp"]')
            await b.click("#scenes button:last-child")
            await at.daemon.ask(do="set_timer", seconds=754, name="pasta")
            await b.click("#question")
            await b.type("What time is it?")
            await b.key("Enter")
            await b.until(shows("#words", ANSWER))
            await b.until('document.querySelector("#timers .time")')
            await pictured(b, f"{name}-{'dark' if dark else 'light'}")
            assert await b.see("document.documentElement.scrollWidth <= innerWidth"), (
                "it can be scrolled sideways"
            )
            assert await b.see(UNNAMED) == []
            at.is_clean()

    asyncio.run(life())
