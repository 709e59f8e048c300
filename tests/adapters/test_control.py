"""Both ends of the control socket, over real sockets; and whatever else may be written to one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import asking as asking_module
from appliance import caller as caller_module
from appliance.adapters import control as control_module
from appliance.adapters.control import EX_SOFTWARE, WATCHERS, Control, plain
from appliance.caller import request, watch
from appliance.core.events import (
    Asked,
    Cancel,
    Event,
    History,
    Lights,
    Press,
    Scene,
    SetTimer,
    Status,
    Talk,
    Timers,
    Volume,
)
from appliance.core.lights import Kind, LightState
from appliance.core.messages import Handle
from appliance.core.vitals import Vitals
from appliance.errors import ControlError

PATIENCE_S = 20.0


class Daemon:
    """A loop on another thread with a control socket, answering every request at once unless told not to."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.asked: list[Asked] = []
        self.answers = True
        self.bugs: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.control = Control(path, self._post, on_bug=self.bugs.append, **options)
        self.run(self.control.start())

    def _post(self, event: Event) -> None:
        assert isinstance(event, Asked)
        self.asked.append(event)
        if self.answers:
            body = {"ok": True, "was": type(event.request).__name__}
            self._loop.call_soon(self.control.reply, event.ask, body)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        async def called() -> None:
            function(*arguments)

        self.run(called())

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        self.call(self.control.tell, kind, fields)

    def stop(self) -> None:
        self.run(self.control.stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()
        assert self.bugs == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def daemon(path: Path) -> Iterator[Daemon]:
    daemon = Daemon(path)
    yield daemon
    daemon.close()


@contextlib.contextmanager
def raw(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        yield client


def say(path: Path, said: bytes) -> list[dict[str, object]]:
    """Write bytes, close that direction, and return the answers."""
    with raw(path) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while more := client.recv(65_536):
                heard += more
    return [json.loads(line) for line in heard.splitlines()]


# -- requests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"do": "status"}, Status()),
        ({"do": "history"}, History()),
        ({"do": "talk"}, Talk()),
        ({"do": "talk", "hold_s": 2.5}, Talk(2.5)),
        ({"do": "talk", "hold_s": 60}, Talk(60.0)),
        ({"do": "press"}, Press(down=True)),
        ({"do": "release"}, Press(down=False)),
        ({"do": "cancel"}, Cancel()),
        ({"do": "lights"}, Lights()),
        ({"do": "lights", "name": "Küche"}, Lights("Küche")),
        ({"do": "lights", "name": "kitchen lamp", "change": "on"}, Lights("kitchen lamp", "on")),
        ({"do": "lights", "name": None, "change": None}, Lights()),
        ({"do": "volume"}, Volume()),
        ({"do": "volume", "level": 70}, Volume(70)),
        ({"do": "volume", "level": "louder"}, Volume("louder")),
        ({"do": "timers"}, Timers()),
        ({"do": "timers", "cancel": ""}, Timers("")),
        ({"do": "timers", "cancel": "pasta"}, Timers("pasta")),
        ({"do": "set_timer", "seconds": 90}, SetTimer(90.0)),
        ({"do": "set_timer", "seconds": 1.5, "name": "egg"}, SetTimer(1.5, "egg")),
        ({"do": "lights", "name": "x", "change": "off", "over_s": 3}, Lights("x", "off", 3.0)),
        ({"do": "scene"}, Scene()),
        ({"do": "scene", "name": "good night"}, Scene("good night")),
    ],
)
def test_a_request_and_its_answer(daemon: Daemon, body: dict[str, object], expected: object) -> None:
    assert request(daemon.path, body) == {"ok": True, "was": type(expected).__name__}
    assert daemon.asked == [Asked(1, expected)]  # type: ignore[arg-type]


def test_a_request_may_come_another_way(daemon: Daemon) -> None:
    answers: list[dict[str, object]] = []

    async def come() -> None:
        for line in (b'{"do":"cancel"}', b'{"do":"watch"}', b"nonsense"):
            answers.append(json.loads(await daemon.control.answer(line)))

    daemon.run(come())
    done, watched, nonsense = answers
    assert done == {"ok": True, "was": "Cancel"}
    assert watched["error"] == "a watch is no question"
    assert nonsense["error"] == "not JSON"
    assert daemon.asked == [Asked(1, Cancel())]


def test_the_machine_is_looked_at_when_somebody_asks_how_it_is_and_not_before(path: Path) -> None:
    looks: list[Vitals] = []

    def look() -> Vitals:
        looks.append(Vitals(float(len(looks)), 40.0, 0))
        return looks[-1]

    daemon = Daemon(path, vitals=look)
    try:
        say(path, b'{"do":"cancel"}\n{"do":"lights"}\n')
        assert looks == []
        say(path, b'{"do":"status"}\n{"do":"status"}\n')
        assert [asked.request for asked in daemon.asked[2:]] == [Status(vitals) for vitals in looks]
        assert len(looks) == 2
    finally:
        daemon.close()


def test_several_requests_on_one_connection_are_answered_in_order(daemon: Daemon) -> None:
    answers = say(daemon.path, b'{"do":"talk"}\n{"do":"nonsense"}\n{"do":"cancel"}\n{"do":"status"}')
    assert [answer.get("was") for answer in answers] == ["Talk", None, "Cancel", "Status"]
    assert [asked.ask for asked in daemon.asked] == [1, 2, 3]


@pytest.mark.parametrize(
    ("said", "error", "remedy"),
    [
        (b'{"do":"lights","over_s":1}', "a time without a change", '"off"'),
        (b'{"do":"lights","name":"x","change":"on","over_s":-1}', "over_s is -1", "0 to 3600"),
        (b'{"do":"lights","name":"x","change":"on","over_s":"1"}', "over_s is '1'", "0 to 3600"),
        (b'{"do":"lights","name":"x","change":"on","over_s":true}', "over_s is true", "0 to 3600"),
        (b'{"do":"scene","name":7}', "name is 7", "a text"),
        (b"hello", "not JSON", '{"do": "status"}'),
        (b"", "not JSON", '{"do": "status"}'),
        (b"\xff\xfe", "not JSON", '{"do": "status"}'),
        (b"[" * 4000, "not JSON", '{"do": "status"}'),
        (b"[1]", 'no "do"', "'talk'"),
        (b"{}", 'no "do"', "'talk'"),
        (b'{"do": 7}', 'no "do"', "'talk'"),
        (b'{"do": "stauts"}', "unknown request 'stauts'", "did you mean 'status'?"),
        (b'{"do": "explode"}', "unknown request 'explode'", "'cancel'"),
        (b'{"do": "talk", "hold": 3}', "unknown key 'hold' of 'talk'", "did you mean 'hold_s'?"),
        (b'{"do": "status", "name": "x"}', "unknown key 'name' of 'status'", "nothing here"),
        (b'{"do": "talk", "hold_s": 0}', "hold_s is 0", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": 61}', "hold_s is 61", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": true}', "hold_s is true", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": NaN}', "hold_s is nan", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": Infinity}', "hold_s is inf", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": 1' + b"0" * 400 + b"}", "hold_s is 1000", "from 0.1 to 60"),
        (b'{"do": "talk", "hold_s": "3"}', "hold_s is '3'", "from 0.1 to 60"),
        (b'{"do": "lights", "name": ""}', "name is ''", "1 to 64"),
        (b'{"do": "lights", "name": "' + b"x" * 65 + b'"}', "name is 'xxx", "1 to 64"),
        (b'{"do": "lights", "name": "a\\u001b[31m"}', "name is", "printable"),
        (b'{"do": "lights", "name": "\\ud800"}', "name is", "printable"),
        (b'{"do": "lights", "name": ["a"]}', "name is ['a']", "1 to 64"),
        (b'{"do": "lights", "change": "on"}', "a change without a name", "which light"),
        (b'{"do": "volume", "level": 101}', "level is 101", "'louder' or 'quieter'"),
        (b'{"do": "volume", "level": true}', "level is true", "a whole number from 0 to 100"),
        (b'{"do": "volume", "level": "lauder"}', "level is 'lauder'", "'louder' or 'quieter'"),
        (b'{"do": "timers", "cancel": 7}', "cancel is 7", "a number or all"),
        (b'{"do": "timers", "cancel": "a\\u0007"}', "cancel is", "a number or all"),
        (b'{"do": "timers", "cancel": "' + b"x" * 65 + b'"}', "cancel is 'xxx", "a number or all"),
        (b'{"do": "set_timer"}', "seconds is nothing", "from 1 to 604800"),
        (b'{"do": "set_timer", "seconds": 0}', "seconds is 0", "from 1 to 604800"),
        (b'{"do": "set_timer", "seconds": true}', "seconds is true", "from 1 to 604800"),
        (b'{"do": "set_timer", "seconds": NaN}', "seconds is nan", "from 1 to 604800"),
        (b'{"do": "set_timer", "seconds": 60, "name": ""}', "name is ''", "1 to 64"),
        (b"x" * 4097, "more than 4096 bytes", "one request a line"),
    ],
)
def test_what_is_no_request_is_explained(daemon: Daemon, said: bytes, error: str, remedy: str) -> None:
    (answer,) = say(daemon.path, said + b"\n")
    assert answer["ok"] is False
    assert error in str(answer["error"])
    assert remedy in str(answer["remedy"])
    assert daemon.asked == []


def test_the_longest_line_is_still_read(daemon: Daemon) -> None:
    said = b'{"do": "status"}'
    (answer,) = say(daemon.path, said + b" " * (4096 - len(said)) + b"\n")
    assert answer["ok"] is True


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
nearly = st.fixed_dictionaries(
    {"do": st.sampled_from(["status", "talk", "cancel", "lights", "watch", "x"]) | json_like},
    optional={"hold_s": json_like, "name": json_like, "change": json_like, "more": json_like},
).map(lambda body: json.dumps(body).encode())
lines = st.lists(
    st.binary(max_size=200) | nearly | json_like.map(lambda j: json.dumps(j).encode()), max_size=5
)


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path_factory.mktemp("control") / "control.sock")
    yield daemon
    daemon.close()


@given(said=st.binary(max_size=6000) | lines.map(b"\n".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_harm_the_daemon(hardened: Daemon, said: bytes) -> None:
    for answer in say(hardened.path, said):
        assert isinstance(answer["ok"], bool)
    assert request(hardened.path, {"do": "status"}, PATIENCE_S)["ok"] is True
    assert hardened.bugs == []


@given(line=st.binary(max_size=300) | nearly)
def test_every_line_is_a_request_or_refused(line: bytes) -> None:
    with contextlib.suppress(asking_module.Refused):
        assert asking_module.parse(line) is None or isinstance(
            asking_module.parse(line), Status | Talk | Cancel | Lights | Scene
        )


# -- limits -----------------------------------------------------------------------------------------


def test_a_ninth_client_is_turned_away_and_a_place_that_is_left_is_free(daemon: Daemon) -> None:
    with contextlib.ExitStack() as others:
        for number in range(8):
            other = others.enter_context(raw(daemon.path))
            other.sendall(b'{"do":"watch"}\n' if number < WATCHERS else b'{"do":"status"}\n')
            assert other.recv(100).startswith(b'{"ok":true')
        answer = request(daemon.path, {"do": "status"})
        assert answer["ok"] is False
        assert "8 clients" in str(answer["error"])
        with pytest.raises(ControlError, match="8 clients"):
            next(watch(daemon.path))
    until(lambda: not daemon.control._connections)
    assert request(daemon.path, {"do": "status"})["ok"] is True


def test_those_who_watch_leave_room_for_those_who_ask(daemon: Daemon) -> None:
    with contextlib.ExitStack() as others:
        for _ in range(WATCHERS):
            other = others.enter_context(raw(daemon.path))
            other.sendall(b'{"do":"watch"}\n')
            assert other.recv(100) == b'{"ok":true}\n'
        with pytest.raises(ControlError, match="4 people watch already"):
            next(watch(daemon.path))
        assert request(daemon.path, {"do": "status"})["ok"] is True


def until(true: Callable[[], bool]) -> None:
    """Poll for something on the daemon's thread; there is nothing to wait on from here."""
    for _ in range(int(PATIENCE_S / 0.005)):
        if true():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came true")


def test_a_silent_client_loses_its_place(path: Path) -> None:
    daemon = Daemon(path, idle_s=0.05)
    with raw(path) as client:
        assert client.recv(1) == b""
    with raw(path) as client:
        client.sendall(b'{"do":')
        assert client.recv(1) == b""
    daemon.close()


def test_a_daemon_that_does_not_answer_is_said_to(path: Path) -> None:
    daemon = Daemon(path, reply_s=0.01)
    daemon.answers = False
    for _ in range(16):
        answer = request(path, {"do": "status"})
        assert "no answer" in str(answer["error"])
    assert "16 requests wait" in str(request(path, {"do": "status"})["error"])
    assert len(daemon.asked) == 16
    for asked in daemon.asked:
        daemon.call(daemon.control.reply, asked.ask, {"ok": True})  # late: nobody hears it
    daemon.answers = True
    assert request(path, {"do": "status"}) == {"ok": True, "was": "Status"}
    daemon.call(daemon.control.reply, 99, {"ok": True})
    daemon.close()


def test_a_client_that_leaves_while_it_is_answered(daemon: Daemon) -> None:
    daemon.answers = False
    with raw(daemon.path) as client:
        client.sendall(b'{"do":"status"}\n')
        until(lambda: bool(daemon.asked))
    daemon.call(daemon.control.reply, 1, {"ok": True})
    daemon.answers = True
    assert request(daemon.path, {"do": "status"})["ok"] is True


# -- watching ---------------------------------------------------------------------------------------


def test_watching(daemon: Daemon) -> None:
    daemon.tell("phase", {"mood": "before anybody watched"})
    heard: list[dict[str, object]] = []
    watching = threading.Thread(target=lambda: heard.extend(watch(daemon.path)))
    watching.start()
    until(lambda: len(daemon.control._watchers) == 1)
    daemon.tell("transcript", {"who": "model", "text": "Grüße", "turn": 3})
    daemon.tell("lights", {"states": {"shelf": LightState(on=True, brightness=40)}, "kind": "x"})
    daemon.stop()
    watching.join(PATIENCE_S)
    first, second = heard
    assert list(first) == ["kind", "at", "who", "text", "turn"]
    assert (first["kind"], first["text"]) == ("transcript", "Grüße")
    assert datetime.fromisoformat(str(first["at"])).tzinfo is not None
    assert second["kind"] == "lights"
    assert second["states"] == {"shelf": {"on": True, "brightness": 40, "colour": None, "effect": "none"}}


def test_a_slow_watcher_loses_the_oldest_and_is_told(daemon: Daemon) -> None:
    total = 2000
    with raw(daemon.path) as slow:
        slow.sendall(b'{"do":"watch"}\n')
        assert slow.recv(12) == b'{"ok":true}\n'

        def flood() -> None:
            for number in range(total):
                daemon.control.tell("line", {"number": number, "filler": "x" * 1000})

        for _ in range(3):  # with chances to write in between
            daemon.call(flood)
        watcher = next(iter(daemon.control._watchers))
        assert len(watcher._lines) <= control_module.WATCH_LINES
        assert request(daemon.path, {"do": "status"})["ok"] is True  # and nobody else waits for it
        daemon.tell("end", {})
        heard = 0
        lost = 0
        for line in slow.makefile("rb"):
            told = json.loads(line)
            if told["kind"] == "lost":
                lost += told["count"]
            elif told["kind"] == "end":
                break
            else:
                heard += 1
                last = told["number"]
    assert lost > 0
    assert heard + lost == 3 * total
    assert last == total - 1  # the newest were kept


def test_a_watcher_that_leaves_is_forgotten(daemon: Daemon) -> None:
    with raw(daemon.path) as client:
        client.sendall(b'{"do":"watch"}\n{"do":"status"}\nand more\n')
        until(lambda: len(daemon.control._watchers) == 1)
    until(lambda: not daemon.control._watchers)
    daemon.tell("phase", {})
    assert daemon.asked == []


# -- what can be said -------------------------------------------------------------------------------


class Mood(enum.StrEnum):
    IDLE = "idle"


@dataclasses.dataclass(frozen=True, slots=True)
class Inner:
    pair: tuple[int, int]
    secret: str = dataclasses.field(default="s3cret", repr=False)


def test_our_own_values_become_json() -> None:
    value = {"mood": Mood.IDLE, Mood.IDLE: 1, "inner": [Inner((1, 2))], "kind": Kind.RGB, "x": 1.5, "n": None}
    assert plain(value) == {
        "mood": "idle",
        "idle": 1,
        "inner": [{"pair": [1, 2]}],
        "kind": "rgb",
        "x": 1.5,
        "n": None,
    }
    assert plain(Handle("s3cret")) == {}


@pytest.mark.parametrize(
    "value", [b"x", {1, 2}, float("nan"), float("inf"), object(), {1: 2}, Inner, iter([])]
)
def test_what_has_no_place_in_json_is_a_mistake_of_ours(value: object) -> None:
    with pytest.raises(TypeError):
        plain({"deep": [value]})


def test_such_a_mistake_is_seen_even_if_nobody_watches(path: Path) -> None:
    control = Control(path, print)
    with pytest.raises(TypeError):
        control.tell("phase", {"pcm": b"\0"})
    with pytest.raises(TypeError):
        control.reply(1, {"pcm": b"\0"})


# -- the socket file --------------------------------------------------------------------------------


def test_the_file_is_for_user_and_group_and_goes_with_the_daemon(path: Path) -> None:
    daemon = Daemon(path)
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660
    daemon.stop()
    assert not path.exists()
    daemon.close()


def test_a_stale_file_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    daemon = Daemon(path)
    assert request(path, {"do": "status"})["ok"] is True
    daemon.close()


def test_a_living_daemon_is_left_alone(daemon: Daemon) -> None:
    with pytest.raises(ControlError, match="another daemon is running"):
        asyncio.run(Control(daemon.path, print).start())
    assert request(daemon.path, {"do": "status"})["ok"] is True


def test_the_next_daemons_file_is_not_removed(path: Path) -> None:
    first = Daemon(path)
    path.unlink()
    second = Daemon(path)
    first.close()
    assert request(path, {"do": "status"})["ok"] is True
    second.close()


def test_where_somebody_listens_for_us_the_file_is_theirs(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as theirs:
        path.parent.mkdir(parents=True)
        theirs.bind(str(path))
        theirs.listen()
        daemon = Daemon(path, listener=theirs.dup())
        assert request(path, {"do": "status"})["ok"]
        daemon.stop()
        assert stat.S_ISSOCK(path.lstat().st_mode)
        again = Daemon(path, listener=theirs.dup())
        assert request(path, {"do": "status"})["ok"], "a command waits for the next one"
        again.stop()


def test_what_is_not_a_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(ControlError, match="is no socket; remove it"):
        asyncio.run(Control(path, print).start())
    assert path.read_text() == "mine"


@pytest.mark.parametrize("place", ["/proc/nowhere/control.sock", "/tmp/" + "x" * 120])
def test_a_place_where_no_socket_can_be(place: str) -> None:
    with pytest.raises(ControlError, match=r"cannot be made: .*control\.socket"):
        asyncio.run(Control(Path(place), print).start())


def test_stopping_without_a_start(path: Path) -> None:
    asyncio.run(Control(path, print).stop())


# -- the client, when things are not as they should be ----------------------------------------------


def test_nobody_listens(path: Path) -> None:
    with pytest.raises(ControlError, match=r"no daemon listens on .*systemctl start appliance"):
        request(path, {"do": "status"})
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
        with pytest.raises(ControlError, match="no daemon listens on"):
            next(watch(path))


def test_no_permission(daemon: Daemon) -> None:
    if os.geteuid() == 0:
        why = caller_module._why(daemon.path, PermissionError(13, "Permission denied"))
    else:
        daemon.path.chmod(0)
        with pytest.raises(ControlError) as raised:
            request(daemon.path, {"do": "status"})
        why = str(raised.value)
    assert "you may not talk to the daemon" in why
    assert "usermod -aG" in why


@contextlib.contextmanager
def impostor(path: Path, answer: bytes) -> Iterator[None]:
    """Something that listens there, says this once and hangs up; with nothing to say it keeps quiet."""
    path.parent.mkdir()
    done = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                if answer:
                    with contextlib.suppress(OSError):
                        connection.sendall(answer)
                else:
                    done.wait(PATIENCE_S)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(PATIENCE_S)


def test_a_daemon_that_keeps_quiet(path: Path) -> None:
    with impostor(path, b""), pytest.raises(ControlError, match="does not answer; see: journalctl"):
        request(path, {"do": "status"}, timeout_s=0.05)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"220 mail.example ESMTP\n", "not JSON"),
        (b"[]\n", "no object"),
        (b'{"ok": tr', "hung up without an answer"),
        (b"x" * 3_000_000, "no end"),
    ],
)
def test_something_else_listens_there(path: Path, answer: bytes, complaint: str) -> None:
    with impostor(path, answer), pytest.raises(ControlError, match=complaint):
        request(path, {"do": "status"})


def test_a_watch_that_is_hung_up_on(path: Path) -> None:
    with impostor(path, b'{"ok": tr'), pytest.raises(ControlError, match="hung up without an answer"):
        next(watch(path))


# -- bugs -------------------------------------------------------------------------------------------


def test_a_bug_is_not_swallowed(path: Path) -> None:
    async def test() -> None:
        def broken(event: Event) -> None:
            raise ZeroDivisionError

        bug: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        control = Control(path, broken, on_bug=bug.set_result)
        await control.start()
        answer = asyncio.to_thread(say, path, b'{"do":"status"}\n')
        assert await answer == []
        assert isinstance(await asyncio.wait_for(bug, PATIENCE_S), ZeroDivisionError)
        await control.stop()

    asyncio.run(test(), debug=True)


def test_by_default_a_bug_ends_the_process(path: Path) -> None:
    code = f"""
import asyncio, pathlib
from appliance.adapters.control import Control

def broken(event): raise ZeroDivisionError

async def daemon():
    await Control(pathlib.Path({str(path)!r}), broken).start()
    _, writer = await asyncio.open_unix_connection({str(path)!r})
    writer.write(b'{{"do":"status"}}\\n')
    await asyncio.Event().wait()

asyncio.run(daemon())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == EX_SOFTWARE
    assert "ZeroDivisionError" in ran.stderr
