"""gpiozero's mock pins, driven from another process (see __init__.py). Runs inside the daemon."""

from __future__ import annotations

import os
import socket
import threading

from gpiozero.pins.mock import MockFactory, MockPWMPin


class Busy(Exception):
    """As lgpio has it."""


class RoomPin(MockPWMPin):  # type: ignore[misc]
    _closing = False

    def _set_function(self, value: str) -> None:
        busy = os.environ.get("ROOM_BUSY", "").split()
        if self.info.name.removeprefix("GPIO") in busy and not self._closing:
            raise Busy("'GPIO busy'")
        super()._set_function(value)

    def close(self) -> None:
        self._closing = True
        super().close()

    def _change_state(self, value: float) -> bool:
        changed: bool = super()._change_state(value)
        if changed and self.function == "output":
            self.factory.tell(f"{self.info.name.removeprefix('GPIO')} {float(value)}\n")
        return changed

    def _enable_event_detect(self) -> None:
        super()._enable_event_detect()
        self.factory.tell(f"{self.info.name.removeprefix('GPIO')} -1.0\n")


class RoomFactory(MockFactory):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(pin_class=RoomPin)
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(os.environ["ROOM_PINS"])
        threading.Thread(target=self._obey, daemon=True).start()

    def tell(self, line: str) -> None:
        try:
            self._line.sendall(line.encode())
        except OSError:  # the room is gone: the daemon ends as well
            return

    def _obey(self) -> None:
        with self._line.makefile("r") as orders:
            for order in orders:
                number, level = order.split()
                pin = self.pin(f"GPIO{number}")
                if level == "1":
                    pin.drive_high()
                else:
                    pin.drive_low()
