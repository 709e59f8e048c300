"""Hearing: one utterance to the words of a grammar, and how sure that is. Never a guess without its doubt.

A grammar alone turns any speech into some command. So the same sound is decoded twice: along the grammar, and
as any words in any order, the grammar's and common ones. A sentence that was really said scores about as well
as the best loose words in its place; one forced onto other speech scores far worse. The difference per frame
is the doubt.

Knows: pocketsphinx, and how its scores compare.
Must never know: what the words mean. It is slow and blocking: call it in a thread.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .automaton import automaton_of
from .common import COMMON
from .gate import loudness
from .jsgf import Grammar
from .phones import pronunciations

_FRAME_BYTES = 320  # 10 ms at 16 kHz
_BLOCK_BYTES = 10 * _FRAME_BYTES
_FLOOR_DBFS = -90.0  # below it is digital silence
_LONGEST_S = 15.0  # of speech that is looked at
_BEAM = 1e-60  # wider than the default: the loose words must not lose their way
# Quiet and noise between words cost little, a further word a bit more. By default quiet costs more than a
# word, and the hiss of a quiet room was heard as "the" or "and" after the last word.
_SILENCE_SHARE = 0.3
_NOISE_SHARE = 1e-3
_WORD_SHARE = 0.3
_LOOSELY = 2.0  # how much it costs to begin another loose word: little, so that these fit as well as can be
_MOST_LOOSE = 3000  # phones followed at once
_QUIETER_DB = 30.0  # than the loudest 100 ms: no speech
_MARGIN_BLOCKS = 3  # of 100 ms, kept before and after the speech
_LONG_LETTERS = 6  # words as long as names are: few others sound like them by chance
_SAME_FRAMES = 8
_SHORT_FRAMES = 12  # words shorter than this ("the", "a") say little about the fit


@dataclass(frozen=True, slots=True)
class Words:
    """What was heard. Doubts: log-likelihood per frame below loose words, in the decoder's units / 1024."""

    words: tuple[str, ...]
    doubt: float  # over all words
    worst_doubt: float  # of the least fitting long word
    span_s: float  # from the first word's start to the last one's end
    rival: float = 0.0  # how much better another single word fits in the place of a long one
    clear_db: float = 60.0  # the loudest 100 ms above the quietest: how far the voice is above the noise


class Ear:
    """A recogniser for one grammar. Not for two threads at once: `hear` waits for its turn."""

    def __init__(self, grammar: Grammar) -> None:
        """Load the models, in about 0.2 s on a PC. Raises ImportError without pocketsphinx."""
        import pocketsphinx

        self._turn = threading.Lock()
        model = Path(pocketsphinx.get_model_path("en-us"))
        own = grammar.words()
        sounds = pronunciations(sorted(own.union(COMMON)), model / "cmudict-en-us.dict")
        # Words are numbered: names may hold signs that a dictionary cannot.
        self._names = {f"w{number}": word for number, word in enumerate(sounds)}
        numbers = {word: number for number, word in self._names.items()}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "words.dict"
            path.write_text(
                "".join(
                    f"{numbers[word]}{f'({n})' if n > 1 else ''} {phones}\n"
                    for word, variants in sounds.items()
                    for n, phones in enumerate(variants, 1)
                )
            )
            loose = Path(folder) / "loose.arpa"
            loose.write_text(_even(self._names))
            self._decoder: Any = pocketsphinx.Decoder(
                hmm=str(model / "en-us"),
                dict=str(path),
                lm=None,
                loglevel="FATAL",
                compallsen=True,
                cmn="batch",
                beam=_BEAM,
                pbeam=_BEAM,
                silprob=_SILENCE_SHARE,
                fillprob=_NOISE_SHARE,
                wip=_WORD_SHARE,
                lw=_LOOSELY,
                maxhmmpf=_MOST_LOOSE,
                # The best way itself is wanted, with its scores, not a lattice of ways.
                fwdflat=False,
                bestpath=False,
            )
            self._decoder.add_lm_file("loose", str(loose))
        automaton = automaton_of(grammar)
        steps = [
            (start, end, 1.0, numbers[word]) if word else (start, end, 1.0)
            for start, end, word in automaton.steps
            if not word or word in numbers
        ]
        self._decoder.add_fsg("grammar", self._decoder.create_fsg("grammar", 0, automaton.states - 1, steps))

    def hear(self, pcm: bytes) -> Words | None:
        """The words in PCM16 mono at 16 kHz, or None when no sentence of the grammar fits at all."""
        clear_db = clearness(pcm)
        pcm = trimmed(pcm)[: int(_LONGEST_S * 100) * _FRAME_BYTES]
        with self._turn:
            words = self._decoded("grammar", pcm)
            loose = self._decoded("loose", pcm) if words else []
        return _weighed(words, loose, self._names, clear_db)

    def _decoded(self, search: str, pcm: bytes) -> list[_Piece]:
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return []
        log = decoder.logmath.log
        return [
            _Piece(
                s.word.partition("(")[0],
                s.start_frame,
                s.end_frame,
                log(s.ascore) if s.ascore > 0 else 0.0,
            )
            for s in decoder.seg()
        ]


def trimmed(pcm: bytes) -> bytes:
    """The utterance and a margin of the quiet around it: the recogniser takes its mean for the channel's."""
    size, levels = _BLOCK_BYTES, _levels(pcm)
    loud = [index for index, level in enumerate(levels) if level > max(levels) - _QUIETER_DB]
    if not loud:
        return pcm
    return pcm[max(0, loud[0] - _MARGIN_BLOCKS) * size : (loud[-1] + 1 + _MARGIN_BLOCKS) * size]


def clearness(pcm: bytes) -> float:
    """How many dB the loudest 100 ms are above the quietest (of which a tenth is left out: gaps, clicks)."""
    levels = sorted(max(level, _FLOOR_DBFS) for level in _levels(pcm))
    return levels[-1] - levels[len(levels) // 10] if levels else 0.0


def _levels(pcm: bytes) -> list[float]:
    return [loudness(pcm[at : at + _BLOCK_BYTES]) for at in range(0, len(pcm), _BLOCK_BYTES)]


@dataclass(frozen=True, slots=True)
class _Piece:
    name: str
    start: int
    end: int
    score: float

    @property
    def frames(self) -> int:
        return self.end - self.start + 1


def _even(names: Iterable[str]) -> str:
    """A language model of these words, each as likely as any other wherever it stands."""
    words = list(names)
    share = -math.log10(len(words) + 1)
    rows = ["-99 <s>", f"{share:.4f} </s>", *(f"{share:.4f} {word}" for word in words)]
    return "\n".join(["\\data\\", f"ngram 1={len(rows)}", "", "\\1-grams:", *rows, "", "\\end\\", ""])


def _weighed(
    pieces: list[_Piece], loose: list[_Piece], names: dict[str, str], clear_db: float
) -> Words | None:
    words = [piece for piece in pieces if piece.name in names]
    if not words:
        return None
    length = max(piece.end for piece in [*pieces, *loose]) + 1
    heard, best = _by_frame(pieces, length), _by_frame(loose, length)
    short = [b - h for b, h in zip(best, heard, strict=True)]
    first, last = words[0].start, words[-1].end + 1
    doubt = sum(short[first:last]) / (last - first)
    doubts = [sum(short[w.start : w.end + 1]) / w.frames for w in words if w.frames >= _SHORT_FRAMES]
    worst, span_s = max(doubts, default=doubt), (last - first) / 100
    rival = max(
        (_rivalled(w, loose, names) for w in words if len(names[w.name]) >= _LONG_LETTERS), default=0.0
    )
    return Words(tuple(names[w.name] for w in words), doubt, worst, span_s, rival, clear_db)


def _rivalled(word: _Piece, loose: list[_Piece], names: dict[str, str]) -> float:
    """By how much per frame a loose word from the same start to the same end fits better: "bathroom" is not
    "bedroom", though loose words in pieces would fit as much better if it were."""
    gains = [
        other.score / other.frames - word.score / word.frames
        for other in loose
        if other.name in names
        and other.name != word.name
        and abs(other.start - word.start) <= _SAME_FRAMES
        and abs(other.end - word.end) <= _SAME_FRAMES
    ]
    return max(gains, default=0.0)


def _by_frame(pieces: list[_Piece], length: int) -> list[float]:
    scores = [0.0] * length
    for piece in pieces:
        for frame in range(piece.start, piece.end + 1):
            scores[frame] = piece.score / piece.frames
    return scores
