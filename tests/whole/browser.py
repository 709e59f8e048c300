"""A real browser, Chromium without a screen, driven by its DevTools protocol as a person drives it: what is
clicked must be there to be clicked, and what is looked at is what it has drawn."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pytest
from websockets.asyncio.client import ClientConnection, connect

LIMIT_S = 30.0
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--mute-audio"),
)
UNTIL = """
new Promise((take, refuse) => {
  const end = performance.now() + %d;
  const look = () => {
    let found;
    try { found = (() => (%s))(); } catch (error) { found = undefined; }
    if (found) take(found); else if (performance.now() > end) refuse(new Error("it did not come"));
    else setTimeout(look, 20);
  };
  look();
})
"""


def chromium() -> str:
    """The program; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    return found


class Browser:
    """`async with Browser() as browser`: one page. `complaints` is what it has logged as errors, and `loaded`
    every address that it asked for."""

    def __init__(self, size: Mapping[str, object] = PHONE, *, dark: bool = False) -> None:
        self._program = chromium()
        self._size = size
        self._scheme = "dark" if dark else "light"
        self._place = Path(tempfile.mkdtemp(prefix="browser-"))
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, object]]] = {}
        self.complaints: list[str] = []
        self.loaded: list[str] = []

    async def __aenter__(self) -> Browser:
        self._log = (self._place / "log").open("wb")
        self._process = await asyncio.create_subprocess_exec(
            *(self._program, *OPTIONS, f"--user-data-dir={self._place / 'profile'}", "about:blank"),
            stdout=self._log,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                port = await self._port()
                self._drain = asyncio.create_task(self._read_on())
                self._line = await connect(await self._page(port), max_size=None, compression=None)
            self._hears = asyncio.create_task(self._hear(self._line))
            for domain in ("Page", "Runtime", "Network", "Log"):
                await self.do(f"{domain}.enable")
            await self.look(self._size, scheme=self._scheme)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hears.cancel()
        await self._line.close()
        self._drain.cancel()
        await asyncio.gather(self._hears, self._drain, return_exceptions=True)
        await self._end()

    async def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._log.close()
        shutil.rmtree(self._place, ignore_errors=True)

    async def _port(self) -> int:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if line.startswith(b"DevTools listening on ws://"):
                return int(line.split(b":")[2].partition(b"/")[0])
        raise AssertionError("the browser has ended before it began")

    async def _read_on(self) -> None:
        assert self._process.stderr is not None
        while await self._process.stderr.read(65536):
            pass

    async def _page(self, port: int) -> str:
        def look() -> object:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=LIMIT_S) as answer:
                return json.load(answer)

        while True:
            found = await asyncio.to_thread(look)
            assert isinstance(found, list)
            for one in found:
                if one["type"] == "page":
                    return str(one["webSocketDebuggerUrl"])

    async def _hear(self, line: ClientConnection) -> None:
        async for text in line:
            told = json.loads(text)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
                continue
            match told["method"]:
                case "Network.requestWillBeSent":
                    self.loaded.append(told["params"]["request"]["url"])
                case "Network.webSocketCreated":
                    self.loaded.append(told["params"]["url"])
                case "Runtime.exceptionThrown":
                    details = told["params"]["exceptionDetails"]
                    self.complaints.append(str(details.get("exception", details)))
                case "Log.entryAdded" if told["params"]["entry"]["level"] == "error":
                    entry = told["params"]["entry"]
                    self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    async def do(self, method: str, **parameters: object) -> dict[str, object]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        told = await asyncio.wait_for(answer, 2 * LIMIT_S)
        assert "error" not in told, told
        result = told["result"]
        assert isinstance(result, dict)
        return result

    # -- what a person does ---------------------------------------------------------------------------

    async def look(self, size: Mapping[str, object], *, scheme: str = "light") -> None:
        """Through a window of this size, in a light or a dark room."""
        await self.do("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.do("Emulation.setEmulatedMedia", features=features)

    async def open(self, url: str) -> None:
        await self.do("Page.navigate", url=url)

    async def see(self, script: str) -> object:
        """The value of an expression in the page."""
        told = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, f"{script}: {told['exceptionDetails']}"
        result = told["result"]
        assert isinstance(result, dict)
        return result.get("value")

    async def until(self, script: str, limit_s: float = LIMIT_S) -> object:
        """Wait until it is true of the page."""
        return await self.see(UNTIL % (limit_s * 1000, script))

    async def click(self, selector: str) -> None:
        """With the mouse, in the middle of it; it must be what is seen there."""
        quoted = json.dumps(selector)
        await self.until(f"document.querySelector({quoted})")
        place = await self.see(
            f"(() => {{ const e = document.querySelector({quoted}); e.scrollIntoView({{block: 'center'}});"
            "const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2;"
            "const hit = document.elementFromPoint(x, y); return hit && e.contains(hit) ? [x, y] : null; })()"
        )
        assert isinstance(place, list), f"{selector} cannot be clicked: something is before it"
        at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        await self.do("Input.dispatchMouseEvent", type="mousePressed", **at)
        await self.do("Input.dispatchMouseEvent", type="mouseReleased", **at)

    async def touch(self, selector: str) -> tuple[float, float]:
        """A finger comes down in the middle of it, and stays; where it is."""
        quoted = json.dumps(selector)
        place = await self.see(
            f"(() => {{ const e = document.querySelector({quoted}); e.scrollIntoView({{block: 'center'}});"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        assert isinstance(place, list)
        points = [{"x": place[0], "y": place[1]}]
        await self.do("Input.dispatchTouchEvent", type="touchStart", touchPoints=points)
        return place[0], place[1]

    async def drag(self, x: float, y: float) -> None:
        """The finger moves there without being lifted."""
        await self.do("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x, "y": y}])

    async def lift(self) -> None:
        await self.do("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def type(self, text: str) -> None:
        """Into what has the focus."""
        await self.do("Input.insertText", text=text)

    async def key(self, key: str) -> None:
        code = {"Enter": 13, "Tab": 9, " ": 32, "ArrowRight": 39}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        named = {"key": key, "windowsVirtualKeyCode": code, "code": "Space" if key == " " else key}
        await self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        await self.do("Input.dispatchKeyEvent", type="keyUp", **named)

    async def picture(self) -> bytes:
        """All of the page as PNG."""
        metrics = await self.do("Page.getLayoutMetrics")
        size = metrics["cssContentSize"]
        assert isinstance(size, dict)
        clip = {**size, "scale": 1}
        told = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(str(told["data"]))
