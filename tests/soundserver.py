"""A private sound server with a virtual microphone and speaker, for tests on a machine without sound.

What is spoken into `micfeed` is heard by whoever records from `mic`; what is played into `speaker` can be
recorded from its monitor. A real clock paces both. No user's sound server is touched.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from types import TracebackType

TOOLS = ("pulseaudio", "pactl", "pacat")
START_S = 10.0
CARD_HZ = 48_000  # the rate of both virtual devices
SPEAKER = ("module-null-sink", "sink_name=speaker", f"rate={CARD_HZ}")
FEED = ("module-null-sink", "sink_name=micfeed", f"rate={CARD_HZ}")
MICROPHONE = ("module-remap-source", "master=micfeed.monitor", "source_name=mic")


def missing_tools() -> str:
    """Why there cannot be a sound server here; empty when there can."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)} (packages pulseaudio, pulseaudio-utils)" if absent else ""


class Recording:
    """Records the speaker's monitor, or another source, from its making to `stop`: 16 bits, mono."""

    def __init__(self, environment: dict[str, str], rate_hz: int, source: str = "speaker.monitor") -> None:
        command = ["pacat", "--record", "--raw", f"--device={source}", "--latency-msec=10"]
        command += ["--format=s16le", "--channels=1", f"--rate={rate_hz}"]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        self._pcm = bytearray()
        self._came: list[tuple[int, float]] = []  # so many bytes, and when they were there
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.rate_hz = rate_hz

    def _read(self) -> None:
        assert self._process.stdout
        while block := os.read(self._process.stdout.fileno(), 4096):
            with self._grown:
                self._pcm += block
                self._came.append((len(self._pcm), time.monotonic()))
                self._grown.notify_all()

    def pcm(self) -> bytes:
        """What was recorded so far."""
        with self._grown:
            return bytes(self._pcm[: len(self._pcm) & ~1])

    def until(self, seconds: float, timeout_s: float = 30.0) -> bytes:
        """Wait until the recording is so long."""
        enough = int(seconds * self.rate_hz) * 2
        with self._grown:
            assert self._grown.wait_for(lambda: len(self._pcm) >= enough, timeout_s), (
                "the monitor stands still"
            )
        return self.pcm()

    def at(self, sample: int) -> float:
        """When this sample was there, by time.monotonic()."""
        with self._grown:
            return self._came[bisect_right(self._came, 2 * sample, key=itemgetter(0))][1]

    def until_loud(self, above: int, timeout_s: float = 30.0) -> None:
        """Wait until something is heard that is louder than this."""

        def is_loud() -> bool:
            newest = bytes(self._pcm[: len(self._pcm) & ~1][-self.rate_hz :])
            return max(map(abs, memoryview(newest).cast("h")), default=0) > above

        with self._grown:
            assert self._grown.wait_for(is_loud, timeout_s), "nothing is heard"

    def more(self, seconds: float) -> bytes:
        """Wait until it is so much longer than now."""
        return self.until(len(self.pcm()) / 2 / self.rate_hz + seconds)

    def stop(self) -> bytes:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        if self._process.stdout:
            self._process.stdout.close()
        return self.pcm()


class SoundServer:
    """Starts on entering, is gone without a trace on leaving. Enter it in a thread that outlives it."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self._modules: dict[str, list[str]] = {}
        self._awake: dict[str, subprocess.Popen[bytes]] = {}
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SoundServer:
        # Short, because the path of a Unix socket is bounded.
        self._home = Path(tempfile.mkdtemp(prefix="snd-"))
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        runtime = self._home / "run"
        runtime.mkdir(mode=0o700)
        foreign = ("PULSE_", "PIPEWIRE_", "DBUS_", "ALSA_", "XDG_", "DISPLAY")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        self.environment |= {
            "HOME": str(self._home),
            "XDG_RUNTIME_DIR": str(runtime),
            "PULSE_SERVER": f"unix:{runtime}/pulse/native",
            "JACK_NO_START_SERVER": "1",
        }
        command = ["pulseaudio", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-n"]
        command += ["--log-level=error", "-L", f"module-native-protocol-unix socket={runtime}/pulse/native"]
        (runtime / "pulse").mkdir(mode=0o700)
        self._log = (self._home / "log").open("wb")
        if shutil.which("setpriv"):  # a test run that is killed takes its server with it
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        self._command = command
        self._serve()

    def _serve(self) -> None:
        self._server = subprocess.Popen(
            self._command, env=self.environment, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL
        )
        self._await_answer()
        self.plug_speaker()
        self.plug_microphone()

    def _await_answer(self) -> None:
        limit = time.monotonic() + START_S
        while True:
            assert self._server
            asked = subprocess.run(["pactl", "info"], env=self.environment, capture_output=True, check=False)
            if asked.returncode == 0:
                return
            if self._server.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"the sound server does not start: {(self._home / 'log').read_text()}")
            time.sleep(0.02)  # a server being born gives no other sign

    def _end(self) -> None:
        for what in list(self._awake):
            self._let_sleep(what)
        if self._server:
            self.thaw()
            self._server.terminate()
            try:
                self._server.wait(5)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
            self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def kill(self) -> None:
        """The server dies without a word, as it does when it crashes."""
        assert self._server
        self._server.kill()
        self._server.wait()

    def revive(self) -> None:
        """It is started again, with nothing left of its former life."""
        for what in list(self._awake):
            self._let_sleep(what)
        self._modules.clear()
        self._serve()

    def define(self, name: str, device: str, server: str = "") -> None:
        """ALSA, asked anew, has a device of this name; it is this one of the sound server, or of another."""
        at = f' server "{server}"' if server else ""
        with (self._home / ".asoundrc").open("a") as file:
            file.write(f'pcm.{name} {{ type pulse device "{device}"{at} }}\n')

    def freeze(self) -> None:
        """The server hangs, as it does on an overloaded machine."""
        assert self._server
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._server
        self._server.send_signal(signal.SIGCONT)

    def control(self, *words: str) -> str:
        """One pactl command; its output."""
        done = subprocess.run(
            ["pactl", *words], env=self.environment, check=True, capture_output=True, text=True, timeout=10
        )
        return done.stdout.strip()

    def plug_speaker(self) -> None:
        self._modules["speaker"] = [self.control("load-module", *SPEAKER)]
        self.control("set-default-sink", "speaker")
        self._keep_awake("speaker", "speaker")

    def unplug_speaker(self) -> None:
        self._unplug("speaker")

    def plug_microphone(self) -> None:
        self._modules["mic"] = [self.control("load-module", *FEED), self.control("load-module", *MICROPHONE)]
        self.control("set-default-source", "mic")
        self._keep_awake("mic", "micfeed")

    def unplug_microphone(self) -> None:
        self._unplug("mic")

    def _keep_awake(self, what: str, sink: str) -> None:
        """A null sink at rest renders two seconds ahead and lets a new stream wait so long; no card does."""
        command = ["pacat", "--raw", "--playback", f"--device={sink}", "--latency-msec=10"]
        command += ["--format=s16le", "--channels=1", "--rate=48000"]
        self._awake[what] = subprocess.Popen(
            [*command, "/dev/zero"], env=self.environment, stderr=subprocess.DEVNULL
        )
        subprocess.run(command, env=self.environment, input=bytes(4800), check=True, timeout=START_S)

    def _let_sleep(self, what: str) -> None:
        awake = self._awake.pop(what)
        awake.kill()
        awake.wait()

    def _unplug(self, what: str) -> None:
        self._let_sleep(what)
        for module in reversed(self._modules.pop(what)):
            self.control("unload-module", module)

    def speak(self, pcm: bytes, rate_hz: int, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Play 16-bit mono into the virtual microphone; returns when it was played, or at once."""
        command = ["pacat", "--playback", "--raw", "--device=micfeed", "--latency-msec=200"]
        command += ["--format=s16le", "--channels=1", f"--rate={rate_hz}"]
        with tempfile.TemporaryFile(dir=self._home) as tape:
            tape.write(pcm)
            tape.seek(0)
            speaking = subprocess.Popen(command, env=self.environment, stdin=tape)
        if wait:
            assert speaking.wait(60) == 0, "the sound server does not take speech"
        return speaking

    @contextmanager
    def record(self, rate_hz: int = CARD_HZ, source: str = "speaker.monitor") -> Iterator[Recording]:
        """What the virtual speaker plays, or this source hears, while the block runs."""
        recording = Recording(self.environment, rate_hz, source)
        try:
            yield recording
        finally:
            recording.stop()


@contextmanager
def open_air(server: SoundServer) -> Iterator[None]:
    """The speaker's monitor into the microphone, at a third of its level, some 60 ms later."""
    module = server.control(
        "load-module", "module-loopback", "source=speaker.monitor", "sink=micfeed", "latency_msec=60"
    )
    inputs = json.loads(server.control("--format=json", "list", "sink-inputs"))
    loop = next(i["index"] for i in inputs if str(i.get("owner_module")) == module)
    server.control("set-sink-input-volume", str(loop), "70%")
    try:
        yield
    finally:
        server.control("unload-module", module)
