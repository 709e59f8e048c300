"""One turn of the model, on the wire: transcripts, audio at a pace, calls, and how it ends.

        content* -> generationComplete -> (unplayed audio) -> turnComplete + usageMetadata
        content* -> interrupt() -> [toolCallCancellation] -> interrupted -> late audio* -> turnComplete

Knows: the order of the messages of a turn and its legal variants and faults.
Must never know: why it speaks, or who else is connected.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from . import findings, messages
from .calls import Calls
from .mind import Call
from .options import Options, Phase
from .profile import Profile

T = TypeVar("T")
Send = Callable[[dict[str, Any]], Awaitable[None]]
_BYTES_PER_S = messages.OUTPUT_RATE_HZ * 2
_SHOWN_WORDS = 3  # in one transcript fragment


class Interrupted(Exception):
    """The person spoke over the turn."""


class Turn:
    """Speaks through `send`; every wait ends at once when `interrupt` is called."""

    def __init__(
        self,
        number: int,
        send: Send,
        options: Options,
        profile: Profile,
        setup: dict[str, Any],
        reached: Callable[[Phase], None],
    ) -> None:
        """`reached` is told of a moment within the turn; it raises what is in store for it."""
        self.number = number
        self.said = bytearray()
        self.text = ""
        self.was_interrupted = False
        self._send = send
        self._reached = reached
        self._options = options
        self._profile = profile
        self._setup = setup
        self._interrupt = asyncio.Event()

    def interrupt(self) -> None:
        self._interrupt.set()

    async def until(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work; raises Interrupted, and gives the work up, when the person speaks first."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._interrupt.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if self._interrupt.is_set():
                raise Interrupted
            return task.result()
        finally:
            for unfinished in (task, stop):
                unfinished.cancel()

    async def wait(self, seconds: float) -> None:
        """Let so much of the stand-in's time pass; raises Interrupted."""
        await self.until(asyncio.sleep(seconds / self._options.time_scale))

    async def hear(self, transcript: str) -> None:
        """Tell the client what was understood, where it asked for that."""
        if "inputAudioTranscription" in self._setup and transcript:
            await self._send(messages.content(inputTranscription=messages.transcript(transcript)))

    async def call(
        self,
        calls: tuple[Call, ...],
        ledger: Calls,
        behaviors: dict[str, str],
        ids: list[str] | None = None,
        *,
        awaited: bool = True,
    ) -> list[str]:
        """Send one toolCall with all the calls; returns their ids, which are new ones unless given."""
        rows: list[dict[str, Any]] = []
        for call, wanted in zip(calls, ids or [""] * len(calls), strict=True):
            blocking = behaviors.get(call.name, self._profile.default_behavior) == "BLOCKING"
            identity = ledger.open(
                call.name,
                blocking=blocking,
                prefix=self._profile.id_prefix,
                identity=wanted,
                awaited=awaited,
            )
            row: dict[str, Any] = {"id": identity, "name": call.name, "args": call.args}
            if not call.args and self._options.variants.no_args:
                del row["args"]
            rows.append(row)
        await self._send(messages.tool_call(rows))
        return [row["id"] for row in rows]

    async def speak(self, text: str, pcm: bytes) -> None:
        """Say it: audio chunks at the chosen pace, transcript fragments among them. Raises Interrupted."""
        if self._interrupt.is_set():
            raise Interrupted
        await self._preamble()
        if "TEXT" in self._setup.get("generationConfig", {}).get("responseModalities", []):
            await self._speak_text(text)
            return
        chunks = [] if self._options.variants.no_audio else list(self._chunks(pcm))
        fragments = self._fragments(text)
        per_chunk = len(fragments) / max(1, len(chunks))
        shown = 0
        for index, chunk in enumerate(chunks):
            due = min(
                len(fragments), round((index + 1) * per_chunk) if index + 1 < len(chunks) else len(fragments)
            )
            await self._audio(chunk, "".join(fragments[shown:due]))
            shown = due
            if index == len(chunks) // 2:
                await self._half_way()
            if self._options.speed > 0:
                await self.wait(len(chunk) / _BYTES_PER_S / self._options.speed)
        for fragment in fragments[shown:]:
            await self._words(fragment)

    async def finish(self, prompt: str, heard_s: float) -> None:
        """generationComplete, the wait for the client's loudspeaker, turnComplete. Raises Interrupted."""
        faults = self._options.faults
        if faults.turn_complete != "early" and not faults.generation_complete:
            await self._send(messages.content(generationComplete=True))
        if faults.turn_complete != "early" and self._options.speed > 0:
            unplayed = len(self.said) / _BYTES_PER_S * (1 - 1 / max(1.0, self._options.speed))
            await self.wait(unplayed * self._options.playback_wait)
        for _ in range(self._options.variants.further_turns if self._profile.interaction_status else 0):
            await self._complete(prompt, heard_s, more=True)
            await self._audio(bytes(self._profile.chunk_ms * _BYTES_PER_S // 1000), " And one thing more.")
            await self._send(messages.content(generationComplete=True))
        await self._complete(prompt, heard_s)

    async def break_off(self, prompt: str, heard_s: float, cancelled: list[str]) -> None:
        """The messages of an interruption; there is no generationComplete in one."""
        self.was_interrupted = True
        if cancelled:
            await self._send(messages.cancellation(cancelled))
        variants = self._options.variants
        if not variants.split_interrupt:
            await self._complete(prompt, heard_s, interrupted=True)
            return
        await self._send(messages.content(interrupted=True))
        for _ in range(self._options.faults.late_chunks):
            await self._audio(bytes(self._profile.chunk_ms * _BYTES_PER_S // 1000), "")
        await self._complete(prompt, heard_s)

    async def _complete(
        self, prompt: str, heard_s: float, *, interrupted: bool = False, more: bool = False
    ) -> None:
        variants = self._options.variants
        if self._options.faults.turn_complete == "never":
            return
        fields: dict[str, Any] = {"interrupted": True} if interrupted else {}
        fields["turnComplete"] = True
        if variants.turn_complete_reason:
            fields["turnCompleteReason"] = variants.turn_complete_reason
        if variants.waiting_for_input:
            fields["waitingForInput"] = True
        if self._profile.interaction_status:
            fields["interactionStatus"] = "IN_PROGRESS" if more else "IDLE"
        if variants.findings and not interrupted and not more:
            fields |= findings.beside(self._setup)
        counts = messages.usage(prompt, heard_s, self.text, len(self.said) / _BYTES_PER_S)
        await self._send({**messages.content(**fields), "usageMetadata": counts})

    async def _preamble(self) -> None:
        if self._options.variants.empty_content or self._profile.unsolicited_updates:
            await self._send(messages.content())
        if self._options.variants.thoughts:
            await self._send(
                messages.content(modelTurn={"parts": [{"text": "**Thinking about it**", "thought": True}]})
            )

        for found in findings.before(self._setup) if self._options.variants.findings else []:
            await self._send(found)

    async def _half_way(self) -> None:
        faults = self._options.faults
        for _ in range(faults.spontaneous_interrupts):
            await self._send(messages.content(interrupted=True))
        if faults.turn_complete == "early":
            await self._complete("", 0.0)
        self._reached("mid-answer")

    async def _audio(self, chunk: bytes, words: str) -> None:
        variants = self._options.variants
        turn: dict[str, Any] = {"parts": [messages.audio_part(chunk, bare_mime=variants.bare_mime)]}
        if variants.role:
            turn["role"] = "model"
        bundled = self._profile.bundled if variants.bundled is None else variants.bundled
        fields: dict[str, Any] = {"modelTurn": turn}
        self.said += chunk
        if words and bundled:
            self.text += words
            fields["outputTranscription"] = messages.transcript(words)
        message = messages.content(**fields)
        if variants.usage_per_chunk:
            message["usageMetadata"] = messages.usage("", 0.0, self.text, len(self.said) / _BYTES_PER_S)
        await self._send(message)
        if words and not bundled:
            await self._words(words)

    async def _words(self, words: str) -> None:
        self.text += words
        await self._send(messages.content(outputTranscription=messages.transcript(words)))

    async def _speak_text(self, text: str) -> None:
        for fragment in _grouped(text):
            self.text += fragment
            await self._send(messages.content(modelTurn={"parts": [{"text": fragment}]}))
            await self.wait(0.0)

    def _fragments(self, text: str) -> list[str]:
        variants = self._options.variants
        if "outputAudioTranscription" not in self._setup or variants.no_transcript or not text:
            return []
        return [text] if variants.whole_transcript else _grouped(text)

    def _chunks(self, pcm: bytes) -> Iterator[bytes]:
        faults = self._options.faults
        chance = random.Random(faults.seed * 1000 + self.number)
        usual = self._profile.chunk_ms * _BYTES_PER_S // 1000 // 2 * 2
        start = 0
        for index in itertools.count():
            size = usual
            if faults.random_chunks:
                size = chance.randrange(2, _BYTES_PER_S // 2, 2)
            if faults.odd_chunks:
                size += 1 if index % 2 == 0 else -1
            if start >= len(pcm):
                return
            yield pcm[start : start + size]
            start += size


def _grouped(text: str) -> list[str]:
    """Fragments of a few words; all but the first begin with their space, as the service sends them."""
    words = re.findall(r"\s*\S+", text)
    return ["".join(words[i : i + _SHOWN_WORDS]) for i in range(0, len(words), _SHOWN_WORDS)]
