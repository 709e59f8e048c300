"""The end of a conversation, when the model has understood that the people are done.

Knows whether the end was announced. Must never know what a conversation consists of (see orders.py): after
the goodbye nobody listens for a follow-up, and the next press begins with an empty context.
"""

from __future__ import annotations

from .catalogue import Capability
from .functions import function
from .outcomes import Answer, Outcome


class Farewell(Capability):
    def __init__(self) -> None:
        self._announced = False

    @function()
    def end_conversation(self) -> Outcome:
        """End the conversation when the people say that they are done; then say goodbye in a few words."""
        self._announced = True
        return Answer({"output": "the conversation ends after your goodbye"})

    def over(self, outcome: str) -> bool:
        """A turn is over, and so is the conversation? Whoever interrupts the goodbye is not done."""
        announced, self._announced = self._announced, False
        return announced and outcome != "interrupted"
