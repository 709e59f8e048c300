"""What the configuration says of how the box and a person deal with each other, as the core takes it.

Knows the units of both. Must never know what comes of it.
"""

from __future__ import annotations

from .core.audio import FRAME_MS
from .core.floor import Manners
from .core.gesture import Grip
from .core.glow import Shine
from .core.messages import Detection
from .settings import Config, StatusLight, Turns


def manners(config: Config) -> Manners:
    """The times of a turn."""
    turns = config.turns
    return Manners(
        no_speech_s=turns.no_speech_s,
        follow_up_s=turns.follow_up_s,
        max_utterance_s=turns.max_utterance_s,
        answer_timeout_s=config.live.answer_timeout_s,
        tail_s=turns.tail_ms / 1000,
        interruptible=turns.interruptible,
        pre_roll=turns.pre_roll_ms // FRAME_MS,
        pre_roll_noise=max(turns.pre_roll_ms, turns.pre_roll_noise_ms) // FRAME_MS,
        reach_back=turns.reach_back_ms // FRAME_MS,
    )


def detection(turns: Turns) -> Detection | None:
    """How the service is to find out that somebody speaks, where that is its business."""
    if turns.mode == "local":
        return None
    served = turns.server
    return Detection(
        served.start_sensitivity,
        served.end_sensitivity,
        served.prefix_padding_ms,
        served.silence_duration_ms,
    )


STUCK_AFTER_S = 5.0  # beyond the longest that anybody may hold it


def grip(config: Config) -> Grip:
    """The times of a press."""
    button, turns = config.button, config.turns
    longest_s = max(turns.max_utterance_s, button.act_s)
    return Grip(
        hold_s=turns.hold_ms / 1000,
        double_s=button.double_ms / 1000,
        long_s=button.long_s,
        very_long_s=None if button.very_long == "none" else button.very_long_s,
        act_s=button.act_s,
        stuck_s=longest_s + STUCK_AFTER_S,
    )


def shine(light: StatusLight) -> Shine | None:
    """How brightly the status light shows what it shows; None where there is none."""
    if not light.pins:
        return None
    return Shine(light.brightness, light.night_brightness, light.idle_brightness)
