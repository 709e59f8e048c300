"""The brain on this machine, which answers while the service is away: whether it would.

Knows what it needs, and where it is to be woken. Must never wake it: that takes 50 MB for minutes.
"""

from __future__ import annotations

import shutil

from ..fallback import is_installed, is_wanted, socket_of
from ..settings import Config
from .finding import Finding, State, fine, skipped
from .place import Place

CHECK = "offline brain"
MEANS = "while the service is away nobody answers"


def brain(config: Config, place: Place) -> Finding:
    """Never worse than odd: the box does without."""
    path = socket_of(config)
    if not is_wanted(config):
        return skipped(CHECK, f"{MEANS}: {'switched off' if is_installed() else 'it is not installed'}")
    if not is_installed():
        remedy = "run scripts/install again, or set [offline] enabled = false"
        return Finding(CHECK, State.ODD, "the speech recogniser is not installed", MEANS, remedy)
    if not place.at(str(path)).is_socket():
        remedy = "sudo systemctl enable --now appliance-offline.socket, or run `appliance offline` by hand"
        return Finding(CHECK, State.ODD, f"nobody listens on {path}", MEANS, remedy)
    if shutil.which("espeak-ng") is None:
        means = "it obeys, and answers in tones"
        return Finding(CHECK, State.ODD, "it has no voice", means, "sudo apt-get install espeak-ng")
    return fine(CHECK, "it is started when it is needed")
