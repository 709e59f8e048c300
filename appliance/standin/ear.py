"""Hearing: one utterance to the words of a grammar, and how sure that is. Never a guess without its doubt.

A grammar alone turns any speech into some command. So the same sound is decoded twice: along the grammar, and
as free phones. A word that was really said scores about as well as the best free phones in its place; a word
forced onto other speech scores far worse. The difference per frame is the doubt.

Knows: pocketsphinx, and the measured bounds of doubt.
Must never know: what the words mean. It is slow and blocking: call it in a thread.
"""

from __future__ import annotations

import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .automaton import automaton_of
from .gate import loudness
from .jsgf import Grammar
from .phones import pronunciations

_FRAME_BYTES = 320  # 10 ms at 16 kHz
_LONGEST_S = 15.0  # of speech that is looked at
_BEAM = 1e-60  # wider than the default: the free phones must not lose their way
_PHONE_SHIFT = 1024  # the phone search keeps its scores ten bits shorter than the grammar search
_QUIETER_DB = 30.0  # than the loudest 100 ms: no speech
_MARGIN_BLOCKS = 3  # of 100 ms, kept before and after the speech
_SHORT_FRAMES = 12  # words shorter than this ("the", "a") say little about the fit
_SILENT = re.compile(r"<.*>|\[.*\]|SIL|\+.*\+")


@dataclass(frozen=True, slots=True)
class Words:
    """What was heard. Doubts: log-likelihood per frame below free phones, the decoder's units / 1024."""

    words: tuple[str, ...]
    doubt: float  # over all words
    worst_doubt: float  # of the least fitting long word
    span_s: float  # from the first word's start to the last one's end


class Ear:
    """A recogniser for one grammar. Not for two threads at once: `hear` waits for its turn."""

    def __init__(self, grammar: Grammar) -> None:
        """Load the models, in about 0.2 s on a PC. Raises ImportError without pocketsphinx."""
        import pocketsphinx

        self._turn = threading.Lock()
        model = Path(pocketsphinx.get_model_path("en-us"))
        sounds = pronunciations(sorted(grammar.words()), model / "cmudict-en-us.dict")
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
            self._decoder: Any = pocketsphinx.Decoder(
                hmm=str(model / "en-us"),
                dict=str(path),
                lm=None,
                loglevel="FATAL",
                compallsen=True,
                cmn="batch",
                beam=_BEAM,
                pbeam=_BEAM,
            )
        automaton = automaton_of(grammar)
        steps = [
            (start, end, 1.0, numbers[word]) if word else (start, end, 1.0)
            for start, end, word in automaton.steps
            if not word or word in numbers
        ]
        self._decoder.add_fsg("grammar", self._decoder.create_fsg("grammar", 0, automaton.states - 1, steps))
        # Without a model of which phones follow which: the freest reading there is, so nothing fits better.
        self._decoder.add_allphone_file("phones", None)

    def hear(self, pcm: bytes) -> Words | None:
        """The words in PCM16 mono at 16 kHz, or None when no sentence of the grammar fits at all."""
        pcm = trimmed(pcm)[: int(_LONGEST_S * 100) * _FRAME_BYTES]
        with self._turn:
            words = self._decoded("grammar", pcm, 1)
            phones = self._decoded("phones", pcm, _PHONE_SHIFT) if words else []
        return _weighed(words, phones, self._names)

    def _decoded(self, search: str, pcm: bytes, scale: int) -> list[_Piece]:
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
                log(s.ascore) * scale if s.ascore > 0 else 0.0,
            )
            for s in decoder.seg()
        ]


def trimmed(pcm: bytes) -> bytes:
    """The utterance and a margin of the quiet around it: the recogniser takes its mean for the channel's."""
    size = 10 * _FRAME_BYTES
    levels = [loudness(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    loud = [index for index, level in enumerate(levels) if level > max(levels) - _QUIETER_DB]
    if not loud:
        return pcm
    return pcm[max(0, loud[0] - _MARGIN_BLOCKS) * size : (loud[-1] + 1 + _MARGIN_BLOCKS) * size]


@dataclass(frozen=True, slots=True)
class _Piece:
    name: str
    start: int
    end: int
    score: float

    @property
    def frames(self) -> int:
        return self.end - self.start + 1


def _weighed(pieces: list[_Piece], phones: list[_Piece], names: dict[str, str]) -> Words | None:
    words = [piece for piece in pieces if not _SILENT.fullmatch(piece.name)]
    if not words:
        return None
    free = [0.0] * (max(piece.end for piece in [*pieces, *phones]) + 1)
    for phone in phones:
        for frame in range(phone.start, phone.end + 1):
            free[frame] = phone.score / phone.frames
    doubts = [(w.frames, (sum(free[w.start : w.end + 1]) - w.score) / w.frames / _PHONE_SHIFT) for w in words]
    doubt = sum(frames * d for frames, d in doubts) / sum(frames for frames, _ in doubts)
    worst = max((d for frames, d in doubts if frames >= _SHORT_FRAMES), default=doubt)
    span_s = (words[-1].end - words[0].start + 1) / 100
    return Words(tuple(names[w.name] for w in words), doubt, worst, span_s)
