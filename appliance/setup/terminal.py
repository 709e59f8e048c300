"""A person at a terminal: questions, choices, a word that is not shown.

Knows lines of text. Must never know what is asked about.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Sequence

from ..errors import EX_USAGE, ApplianceError


class NobodyError(ApplianceError):
    """There is nobody to answer."""

    exit_status = EX_USAGE

    def __init__(self) -> None:
        super().__init__("nobody answers: say what you want by options, with --unattended (see --help)")


class Terminal:
    def tell(self, text: str = "") -> None:
        print(text, flush=True)

    def show(self, text: str) -> None:
        """On the line that is shown already, where there is a terminal."""
        if sys.stdout.isatty():
            print(f"\r\033[K{text}", end="", flush=True)

    def ask(self, question: str, usual: str = "") -> str:
        """One line; `usual` is what nothing means."""
        hint = f" [{usual}]" if usual else ""
        try:
            found = input(f"{question}{hint}: ").strip()
        except EOFError:
            raise NobodyError from None
        return found or usual

    def secret(self, question: str) -> str:
        """One line that is not shown."""
        try:
            if sys.stdin.isatty():
                return getpass.getpass(f"{question}: ").strip()
            return sys.stdin.readline().strip()
        except EOFError:
            raise NobodyError from None

    def agrees(self, question: str, *, usual: bool = True) -> bool:
        while True:
            found = self.ask(f"{question} (y/n)", "y" if usual else "n").casefold()
            if found in ("y", "yes", "n", "no"):
                return found.startswith("y")
            self.tell("Please answer y or n.")

    def choose(self, question: str, choices: Sequence[str], usual: int = 0) -> int:
        """The place of one of them, counted from 0."""
        for at, choice in enumerate(choices, 1):
            self.tell(f"  {at}  {choice}")

        def number(text: str) -> int:
            found = int(text)
            if not 1 <= found <= len(choices):
                raise ValueError
            return found - 1

        return self.until(question, number, f"a number from 1 to {len(choices)}", str(usual + 1))

    def until(self, question: str, read: Callable[[str], int], allowed: str, usual: str = "") -> int:
        """Ask again until it can be read."""
        while True:
            try:
                return read(self.ask(question, usual))
            except ValueError:
                self.tell(f"Please give {allowed}.")
