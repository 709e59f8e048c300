"""Is somebody speaking in this frame? WebRTC's voice detector, as it is.

Knows one frame at a time. Must never know when a turn begins or ends: that is the endpointer's.
"""

from __future__ import annotations

import webrtcvad

RATE_HZ = 16_000
FRAME_BYTES = 640  # 20 ms
MODE = 3  # the strictest; modes 0 to 2 take any steady room noise for speech


class Voice:
    """Frame by frame: speech or not. It has a memory, so it needs every frame, in order.

    The verdict depends on the level. The same steady noise is nearly always called speech at -30 dBFS and
    nearly never at -45 dBFS, and it does not get used to it; speech is best recognised between -32 and
    -26 dBFS. It keeps saying yes for about 0.1 s after the last speech.
    """

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(MODE)

    def __call__(self, frame: bytes) -> bool:
        """Whether this frame (640 bytes: 20 ms of 16 kHz mono PCM16LE) holds speech. Raises ValueError."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        return bool(self._detector.is_speech(frame, RATE_HZ))
