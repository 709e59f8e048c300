"""What keeps the box from hearing itself while it speaks.

Values only: who decides is in residual.py, what follows from it in bargein.py.
"""

from __future__ import annotations

from enum import StrEnum

ABSENT = "the echo canceller is not installed (pip install 'pywebrtc-audio==0.2.0'): a press still interrupts"


class Shield(StrEnum):
    """From the safest to the most trusting."""

    HALF_DUPLEX = "half-duplex"  # nothing is heard while it speaks
    CANCEL = "cancel"  # the echo is taken out of what is heard
    HARDWARE = "hardware"  # the microphone takes it out
    OFF = "off"  # there is none: headphones


MODES = {  # of the configuration, and what holds from the start
    "auto": Shield.CANCEL,
    "cancel": Shield.CANCEL,
    "half-duplex": Shield.HALF_DUPLEX,
    "hardware": Shield.HARDWARE,
    "off": Shield.OFF,
}
