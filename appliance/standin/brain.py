"""A mind without a network: understands spoken and typed requests for what the client's functions can do.

        sound -> ear (words, doubt) -> grammar (requests) -> calls
                        \\ too doubtful, or no sentence of the grammar -> says what it can do

Knows: when to believe the ear; one recogniser for each set of declared functions.
Must never know: sockets. It logs that and how surely something was understood, never what.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .abilities import Abilities, abilities_in
from .ear import Ear, Words
from .gate import loudness
from .grammar import Request, grammar_for, normalised, requests_in
from .jsgf import Grammar
from .mind import Declarations, Understanding
from .phrases import DEAF, NOTHING_HEARD, abilities_named, composed, refusal, time_told

log = logging.getLogger(__name__)

# Measured on the tuning half of `scripts/bench offline`. In quiet, requests doubt 1 to 12, of synthetic
# voices with strange vowels up to 21; what is no request and is heard as a sentence all the same doubts 21
# and more. In noise 10 dB below the voice, what is heard wrongly begins at 7 ("eighteen" for "eighty") and
# 10: the less clear it is, the less is believed.
_NOISY_DB, _CLEAR_DB = 18.0, 40.0  # the voice above the noise; between the two, and below, a straight line
_NOISY_DOUBT, _CLEAR_DOUBT = 9.5, 16.0
_NOISY_WORD_DOUBT, _CLEAR_WORD_DOUBT = 20.0, 40.0
_BRIEF_SHARE = 0.75  # two words alone must fit better: much speech is like them
_MOST_RIVAL = 8.0  # "bathroom" in the place of "bedroom" has 10 to 30; in the place of what was said, 0
_LONGEST_REQUEST_S = 8.0
_SILENT_DBFS = -55.0  # the loudest 100 ms of an utterance are far above
_BLOCK_BYTES = 3200
_EARS = 4  # sets of declarations whose recognisers stay loaded, each about 15 MB


@dataclass(frozen=True, slots=True)
class _Skill:
    """What one set of declarations makes possible."""

    abilities: Abilities
    grammar: Grammar | None


class Brain:
    """A Mind (mind.py). One brain serves all connections; recognition runs in a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ears: OrderedDict[str, Ear | None] = OrderedDict()

    async def prepare(self, declarations: Declarations) -> None:
        """Load the recogniser now, so that the first request need not wait for it."""
        grammar = _skill(declarations).grammar
        if grammar is not None:
            with contextlib.suppress(ImportError):
                await asyncio.to_thread(self._ear, grammar, _key(declarations))

    async def hear(self, pcm: bytes, declarations: Declarations) -> Understanding:
        """Understand PCM16 mono at 16 kHz; loads the recogniser at the first call for these declarations."""
        if _loudest(pcm) < _SILENT_DBFS:
            return Understanding(answer=NOTHING_HEARD)
        skill = _skill(declarations)
        if skill.grammar is None:
            return Understanding(answer=refusal(skill.abilities))
        try:
            words = await asyncio.to_thread(self._listen, skill.grammar, pcm, _key(declarations))
        except ImportError:
            log.warning("pocketsphinx is not installed: spoken requests are not understood")
            return Understanding(answer=DEAF)
        if words is None or not believable(words):
            return Understanding(answer=refusal(skill.abilities))
        return _understood(skill, list(words.words))

    async def read(self, text: str, declarations: Declarations) -> Understanding:
        """Understand a typed request."""
        skill = _skill(declarations)
        if skill.grammar is None:
            return Understanding(text, answer=refusal(skill.abilities))
        understood = _understood(skill, normalised(text))
        return replace(understood, transcript=text)

    def put(self, understood: Understanding, responses: list[dict[str, Any]]) -> str:
        """The outcome of the calls in words, from their responses."""
        return composed(understood, responses)

    def _ear(self, grammar: Grammar, key: str) -> Ear:
        with self._lock:
            ear = self._ears.get(key)
            if ear is None:
                ear = Ear(grammar)
                self._ears[key] = ear
            self._ears.move_to_end(key)
            while len(self._ears) > _EARS:
                self._ears.popitem(last=False)
            return ear

    def _listen(self, grammar: Grammar, pcm: bytes, key: str) -> Words | None:
        words = self._ear(grammar, key).hear(pcm)
        if words is None:
            log.info("heard nothing that fits the grammar")
        else:
            log.info(
                "heard %d words, doubt %.0f, worst %.0f, %.0f dB clear",
                len(words.words),
                words.doubt,
                words.worst_doubt,
                words.clear_db,
            )
        return words


def believable(words: Words) -> bool:
    """Whether these words were really said, rather than forced onto other speech."""
    share = (min(words.clear_db, _CLEAR_DB) - _NOISY_DB) / (_CLEAR_DB - _NOISY_DB)
    most = _NOISY_DOUBT + share * (_CLEAR_DOUBT - _NOISY_DOUBT)
    most_word = _NOISY_WORD_DOUBT + share * (_CLEAR_WORD_DOUBT - _NOISY_WORD_DOUBT)
    if len(words.words) <= 2:
        most, most_word = most * _BRIEF_SHARE, most_word * _BRIEF_SHARE
    fits = words.doubt <= most and words.worst_doubt <= most_word and words.rival <= _MOST_RIVAL
    return fits and words.span_s <= _LONGEST_REQUEST_S


def _understood(skill: _Skill, words: list[str]) -> Understanding:
    assert skill.grammar is not None
    tags = skill.grammar.tags(words)
    if tags is None:
        return Understanding(answer=refusal(skill.abilities))
    requests = requests_in(tags, skill.abilities.names)
    transcript = " ".join(words).capitalize() + "."
    if any(request.ask == "help" for request in requests):
        return Understanding(transcript, answer=abilities_named(skill.abilities))
    if any(request.ask == "clock" for request in requests):
        return Understanding(transcript, answer=time_told(datetime.now()))
    pairs = [(request, request.call(skill.abilities)) for request in requests]
    calls = tuple(call for _, call in pairs if call is not None)
    if not calls:
        return Understanding(transcript, answer=refusal(skill.abilities))
    asked: tuple[Request, ...] = tuple(request for request, call in pairs if call is not None)
    return Understanding(transcript, calls, requests=asked)


def _skill(declarations: Declarations) -> _Skill:
    abilities = abilities_in(declarations)
    return _Skill(abilities, grammar_for(abilities))


def _key(declarations: Declarations) -> str:
    return json.dumps(declarations, sort_keys=True, default=str)


def _loudest(pcm: bytes) -> float:
    blocks = (pcm[at : at + _BLOCK_BYTES] for at in range(0, len(pcm), _BLOCK_BYTES))
    return max(map(loudness, blocks), default=float("-inf"))
