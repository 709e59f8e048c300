"""What `systemctl edit appliance` may add: each example as it is shipped, in the hardened unit; and what
else can only be seen in there. An encrypted key and the sound server of a session are in test_service.py."""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from .box import Box
from .street import KEY, SOUND

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "systemd" / "examples"
SECRET = "what-the-box-says-to-the-token-server"
PASSWORD = "müde Katze 7"


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.conf").read_text(encoding="utf-8")


def test_each_is_tried_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [path.stem for path in EXAMPLES.iterdir() if f'"{path.stem}' not in tests] == []


def test_each_is_without_a_mistake(box: Box) -> None:
    box.machine.run("useradd --system pi; getent group pulse-access || groupadd pulse-access")
    for path in sorted(EXAMPLES.iterdir()):
        box.drop_in("zz-example", path.read_text(encoding="utf-8"))
        done = box.machine.tried(
            "SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no appliance.service"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), path.name
    box.machine.run("userdel pi")


# -- the sound server of the whole machine --------------------------------------------------------------


def test_the_sound_server_of_the_machine_is_for_the_members_of_its_group(box: Box) -> None:
    box.machine.run("getent group pulse-access || groupadd pulse-access")
    box.machine.run("install -d -m 0750 -g pulse-access /run/pulse; touch /run/pulse/native")
    box.machine.run(f"mount --bind {SOUND}/native /run/pulse/native")
    try:
        text = example("sound-system")
        box.drop_in("zz-sound-system", text.replace("SupplementaryGroups=pulse-access", ""))
        box.machine.run("systemctl restart appliance")
        box.machine.until("appliance status | grep -q 'no microphone'")
        box.drop_in("zz-sound-system", text)
        box.machine.run("systemctl restart appliance")
        box.listen()
        box.speak()
    finally:
        box.machine.run("systemctl stop appliance; umount /run/pulse/native; rm -r /run/pulse")


# -- a token in place of the key ------------------------------------------------------------------------


@contextmanager
def token_server(box: Box) -> Iterator[tuple[str, list[str]]]:
    """The user's own: its address, and what it has given away."""
    minted: list[str] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.headers["Authorization"] != f"Bearer {SECRET}":
                self.send_error(401)
                return
            answer = box.street.standin._tokens.mint(KEY, {})
            minted.append(str(answer["name"]))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/box", minted
        finally:
            server.shutdown()
            thread.join(10)


def test_a_token_takes_the_place_of_the_key(box: Box) -> None:
    """There is no key on the machine, and the secret for the token server is where the key would be."""
    with token_server(box) as (url, minted):
        box.drop_in("token", example("token"))
        box.machine.write("/etc/appliance/token-server-secret", SECRET + "\n", 0o600)
        live = (
            'model = "gemini-2.5-flash-native-audio-preview-12-2025"\napi_version = "v1alpha"\nauth = "token"'
        )
        toml = box.street.toml.replace("[live]", f'[live]\n{live}\ntoken_url = "{url}"')
        box.machine.write("/etc/appliance/appliance.toml", toml)
        box.machine.run("rm /etc/appliance/gemini-api-key; systemctl restart appliance")
        box.listen()
        box.speak()
        pid = box.machine.show("MainPID")
        assert minted
        assert box.machine.run("ls /run/credentials/appliance.service") == "token-server-secret"
        told = box.machine.run(f"journalctl --no-pager -a; tr '\\0' '\\n' </proc/{pid}/environ")
        for hidden in (KEY, SECRET, *minted):
            assert hidden not in told
    box.machine.run("rm /etc/appliance/token-server-secret")


# -- the panel ------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def got(port: int, path: str, word: str = "") -> tuple[str, str]:
    """The status line and the cookie of an answer; the machine has the network of this one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    shown = f"Authorization: Password {base64.b64encode(word.encode()).decode()}\r\n" if word else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{shown}\r\n".encode())
    head = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    writer.close()
    cookies = [line.partition(": ")[2] for line in head if line.lower().startswith("set-cookie")]
    return head[0], cookies[0].partition(";")[0] if cookies else ""


async def switched(port: int, cookie: str) -> dict[str, object]:
    headers = {"Cookie": cookie}
    url = f"ws://127.0.0.1:{port}/live"
    async with connect(url, origin=f"http://127.0.0.1:{port}", additional_headers=headers) as line:  # type: ignore[arg-type]
        await line.send(json.dumps({"id": 1, "do": "lights", "name": "kitchen light", "change": "on"}))
        async with asyncio.timeout(20):
            async for text in line:
                if (told := json.loads(text)).get("id") == 1:
                    return dict(told)
    raise AssertionError("no answer")


def test_the_panel_is_served_at_home_to_those_who_know_the_password(box: Box) -> None:
    port = free_port()
    at_home = f'{box.street.toml}[panel]\nenabled = true\nhost = "0.0.0.0"\nport = {port}\n'
    box.machine.write("/etc/appliance/appliance.toml", at_home)
    assert box.machine.tried("systemctl restart appliance").returncode, "strangers could come in"
    box.machine.until("journalctl -u appliance --no-pager | grep -q 'panel.host'")
    assert box.machine.show("ActiveState") == "failed"

    box.machine.write("/etc/appliance/panel-password", PASSWORD + "\n", 0o600)
    box.drop_in("panel", example("panel"))
    box.machine.run("systemctl reset-failed appliance; systemctl restart appliance")
    box.listen()
    assert asyncio.run(got(port, "/"))[0] == "HTTP/1.1 200 OK"
    assert " 401 " in asyncio.run(got(port, "/session"))[0]
    assert " 403 " in asyncio.run(got(port, "/session", "falsche Katze"))[0]
    status, cookie = asyncio.run(got(port, "/session", PASSWORD))
    assert " 204 " in status
    assert asyncio.run(switched(port, cookie))["ok"] is True
    assert box.light("kitchen light") == "on"
    pid = box.machine.show("MainPID")
    told = box.machine.run(f"journalctl --no-pager -a; tr '\\0' '\\n' </proc/{pid}/environ")
    assert "Katze" not in told
    assert "panel: a wrong password" in told
    box.machine.run("rm /etc/appliance/panel-password")


# -- what can be seen from within -----------------------------------------------------------------------


def test_temperature_and_power_are_read_in_the_sandbox(box: Box) -> None:
    """A board's files in the places of the kernel's, in which this machine has none."""
    before = box.status()
    assert isinstance(before["uptime_s"], int)
    zone, firmware = "/sys/class/thermal/thermal_zone0", "/sys/devices/platform/soc/soc:firmware"
    for place in ("/sys/class/thermal", "/sys/devices/platform"):
        box.machine.run(f"mount -t tmpfs tmpfs {place}")
    try:
        box.machine.write(f"{zone}/type", "cpu-thermal\n")
        box.machine.write(f"{zone}/temp", "51540\n")
        box.machine.write(f"{firmware}/get_throttled", "50000\n")
        box.machine.run("systemctl restart appliance")
        box.listen()
        told = box.status()
        assert told["temperature_c"] == 51.5
        assert told["power"] == {"now": [], "earlier": ["under-voltage", "throttled"]}
        shown = box.machine.run("appliance status")
        assert "machine: 51.5 °C, under-voltage earlier, throttled earlier" in shown
        box.machine.write(f"{firmware}/get_throttled", "50005\n")
        assert "under-voltage now" in box.machine.run("appliance status"), "it is looked at each time"
    finally:
        box.machine.run("systemctl stop appliance; umount /sys/class/thermal /sys/devices/platform")


def test_on_a_disk_that_is_read_only_everywhere_it_runs_and_obeys(box: Box) -> None:
    """The root itself has writers here, which a root that is read-only has not: so all of it that matters."""
    places = ("/etc", "/opt", "/usr", "/var/lib")
    box.machine.run("systemctl stop appliance")
    for place in places:
        box.machine.run(f"mount --bind {place} {place}; mount -o remount,bind,ro {place}")
    try:
        assert box.machine.tried("touch /etc/appliance/x").returncode
        box.machine.run("systemctl start appliance")
        box.listen()
        box.speak()
        box.machine.run("appliance mute; appliance unmute")
        box.machine.until(
            "journalctl -u appliance --no-pager | grep -q 'kept in /var/lib/appliance: Read-only file system'"
        )
    finally:
        box.machine.run("systemctl stop appliance; umount --lazy " + " ".join(places))


def test_a_directory_in_place_of_the_key_is_told_with_its_remedy(box: Box) -> None:
    box.machine.run("rm /etc/appliance/gemini-api-key; mkdir /etc/appliance/gemini-api-key")
    try:
        box.machine.tried("systemctl restart appliance")
        if box.machine.show("ActiveState") == "failed":  # as that systemd takes it
            box.machine.until("journalctl -u appliance-failure --no-pager | grep -q credential")
            assert box.machine.show("NRestarts") == "0"
        else:
            box.listen()
            assert "put the key into /etc/appliance/gemini-api-key" in box.ask()
    finally:
        box.machine.run("rmdir /etc/appliance/gemini-api-key")
