"""The sound card: a microphone, a speaker, and the PortAudio they share.

The front door of this room; behind it are microphone, speaker, playout, portaudio and those that they need.
"""

from __future__ import annotations

from .microphone import SoundCardMicrophone
from .portaudio import PortAudio
from .speaker import SoundCardSpeaker

__all__ = ["PortAudio", "SoundCardMicrophone", "SoundCardSpeaker"]
