"""The sentences by which the box says what is wrong, made before there is no network.

Knows a sentence for each named failure, and espeak-ng. Must never know when one is said.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from .errors import HardwareError

PROGRAM = "espeak-ng"
WORDS_PER_MINUTE = 165
LIMIT_S = 30.0  # for one sentence: a Pi Zero 2 W takes well under a second

TEXTS = {
    "no microphone": "I have no microphone.",
    "budget": "The budget is used up.",
    "key refused": "My key is refused. Please check it.",
    "no key": "I have no key yet.",
    "no token": "I was given no token.",
    "token refused": "My token is refused.",
    "region refused": "The service is not offered in this region.",
    "model gone": "The model that I am set to use is gone.",
    "setup refused": "The service does not take my settings.",
    "quota": "The quota of the service is used up.",
    "wrong endpoint": "The address of the service is wrong.",
    "proxy refused": "The proxy of this network refuses me.",
    "service overloaded": "The service is overloaded. I keep trying.",
    "no network": "I cannot reach the network. I keep trying.",
    "certificate refused": "I cannot trust the service. Please check my clock.",
    "clock not set": "My clock is not set yet. I keep trying.",
    "network login": "This network wants somebody to log in first.",
    "uplink too slow": "The network is too slow.",
    "no answer to setup": "The service does not answer. I keep trying.",
    "service confused": "The service has failed. I keep trying.",
    "request refused": "The service did not take that. I keep trying.",
}


def make(into: Path, voice: str) -> int:
    """Write all of them, each whole or not at all; how many. Raises HardwareError and OSError."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise HardwareError(f"{PROGRAM} is not installed: sudo apt-get install {PROGRAM}")
    into.mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        with tempfile.TemporaryDirectory(dir=into, prefix=".") as aside:
            made = Path(aside, "said.wav")
            command = [program, "-v", voice, "-s", str(WORDS_PER_MINUTE), "-w", str(made), "--", text]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            if done.returncode or not made.exists():
                why = done.stderr.strip().splitlines()[-1:] or ["without a word"]
                raise HardwareError(f"{PROGRAM} fails: {why[0].strip('.')}; its voices: {PROGRAM} --voices")
            made.chmod(0o644)
            made.replace(into / f"{name.replace(' ', '-')}.wav")
    return len(TEXTS)
