"""How words sound: by the recogniser's dictionary, for other words by espeak-ng, or by their letters.

Knows: the CMU phone set, espeak-ng's ASCII phonemes, and a rough English letter-to-sound table.
Must never know: grammars, decoders.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0

# espeak-ng's phoneme names (espeak-ng -x) to CMU phones, longest first where one begins another
_ESPEAK = {
    "aI@": "AY ER", "aU@": "AW ER", "tS": "CH", "dZ": "JH", "aI": "AY", "aU": "AW", "eI": "EY",
    "OI": "OY", "oU": "OW", "@U": "OW", "i@": "IH R", "e@": "EH R", "U@": "UH R", "O@": "AO R",
    "o@": "AO R", "A@": "AA R", "3:": "ER", "A:": "AA", "O:": "AO", "i:": "IY", "u:": "UW", "I2": "IH",
    "@2": "AH", "@5": "AH", "I#": "IH", "@L": "AH L", "n-": "AH N", "aa": "AE", "a#": "AH", "0#": "AA",
    "3": "ER", "a": "AE", "A": "AA", "E": "EH", "I": "IH", "i": "IY", "O": "AO", "0": "AA", "U": "UH",
    "u": "UW", "V": "AH", "@": "AH", "e": "EH", "o": "OW", "N": "NG", "S": "SH", "Z": "ZH", "T": "TH",
    "D": "DH", "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "g": "G", "f": "F", "v": "V", "s": "S",
    "z": "Z", "h": "HH", "m": "M", "n": "N", "l": "L", "r": "R", "w": "W", "j": "Y", "x": "K", "C": "K",
    "R": "R", "y": "Y",
}  # fmt: skip
_LETTERS = {
    "tion": "SH AH N", "igh": "AY", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "ck": "K",
    "qu": "K W", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "ai": "EY", "ay": "EY",
    "oy": "OY", "oi": "OY", "au": "AO", "aw": "AO", "er": "ER", "ar": "AA R", "or": "AO R", "ng": "NG",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_FOLDED = str.maketrans("äàáâåãëèéêïìíîöòóôõøüùúûñçýÿß", "aaaaaaeeeeiiiioooooouuuuncyys")


def pronunciations(words: Iterable[str], dictionary: Path) -> dict[str, list[str]]:
    """The phones of each word, with its variants; a word that has none at all is left out, and logged."""
    found: dict[str, list[str]] = {word: [] for word in words}
    with dictionary.open(encoding="utf-8") as lines:
        for line in lines:
            entry, _, phones = line.rstrip().partition(" ")
            word = entry.partition("(")[0]
            if word in found:
                found[word].append(phones.strip())
    for word in [word for word, known in found.items() if not known]:
        phones = spoken_by_espeak(word) or spelled(word)
        if phones:
            found[word].append(phones)
        else:
            log.warning("a word of a declared name cannot be pronounced: it will not be understood")
            del found[word]
    return found


def spoken_by_espeak(word: str) -> str:
    """The word's CMU phones as espeak-ng would say it, "" when it cannot tell."""
    program = shutil.which("espeak-ng")
    if program is None:
        return ""
    command = [program, "-q", "-x", "-v", "en-us", "--stdin"]
    try:
        run = subprocess.run(
            command, input=word.encode(), capture_output=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return _translated(re.sub(r"[\s_',%|:;=]+(?<!:)", "", run.stdout.decode(errors="ignore")), _ESPEAK)


def spelled(word: str) -> str:
    """The word's phones by its letters: a guess."""
    return _translated(word.lower().translate(_FOLDED), _LETTERS)


def _translated(text: str, table: dict[str, str]) -> str:
    """Longest match first; signs that the table does not have are skipped."""
    phones: list[str] = []
    longest = max(map(len, table))
    at = 0
    while at < len(text):
        size = next((n for n in range(longest, 0, -1) if text[at : at + n] in table), 0)
        phones.extend(table.get(text[at : at + size], "").split())
        at += max(1, size)
    return " ".join(phones)
