"""A small reader of JSGF: one grammar text serves the recogniser's ears and the reading of its words.

        rule = expansion | expansion;   (group)  (group)*  [optional]  <rule>  word  {tag}

Knows: that subset of the Java Speech Grammar Format. A tag yields its text when its place is passed.
Must never know: lamps, audio.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:<(?P<rule>[\w.-]+)>|\{(?P<tag>[^}]*)\}|(?P<sign>[()\[\]|*])|(?P<word>[^\s<>{}()\[\]|*;]+))"
)


@dataclass(frozen=True, slots=True)
class Word:
    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Star:
    """Any number of times, none included."""

    inner: Node


Node = Word | Tag | Rule | Row | Choice | Star


class Grammar:
    """Rules by name. `root` is the public one."""

    def __init__(self, rules: dict[str, str], root: str) -> None:
        self.root = root
        self.rules = {name: _read(text) for name, text in rules.items()}

    def words(self) -> set[str]:
        """Every word that the grammar can contain."""
        return {word for node in self.rules.values() for word in _words(node)}

    def tags(self, words: list[str]) -> list[str] | None:
        """The tags along the first way to read all the words, or None when there is no way."""
        for end, tags in self._match(Rule(self.root), words, 0):
            if end == len(words):
                return list(tags)
        return None

    def _match(self, node: Node, words: list[str], at: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        match node:
            case Word(text):
                if at < len(words) and words[at] == text:
                    yield at + 1, ()
            case Tag(text):
                yield at, (text,)
            case Rule(name):
                yield from self._match(self.rules[name], words, at)
            case Choice(options):
                for option in options:
                    yield from self._match(option, words, at)
            case Star(inner):
                for end, tags in self._match(inner, words, at):
                    if end > at:
                        for last, more in self._match(node, words, end):
                            yield last, tags + more
                yield at, ()
            case Row(()):
                yield at, ()
            case Row(parts):
                for end, tags in self._match(parts[0], words, at):
                    for last, more in self._match(Row(parts[1:]), words, end):
                        yield last, tags + more


def _read(text: str) -> Node:
    tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
    node, rest = _choice(tokens, 0)
    if rest != len(tokens):
        raise ValueError(f"unbalanced: {text}")
    return node


def _choice(tokens: list[re.Match[str]], at: int) -> tuple[Node, int]:
    options: list[Node] = []
    parts: list[Node] = []
    while at < len(tokens):
        token = tokens[at]
        at += 1
        match token.lastgroup, token[token.lastgroup or 0]:
            case "sign", "|":
                options.append(_row(parts))
                parts = []
            case "sign", "(":
                inner, at = _choice(tokens, at)
                parts.append(inner)
                at += 1
            case "sign", "[":
                inner, at = _choice(tokens, at)
                parts.append(Choice((inner, Row(()))))
                at += 1
            case "sign", "*":
                parts.append(Star(parts.pop()))
            case "sign", _:
                at -= 1
                break
            case "rule", name:
                parts.append(Rule(name))
            case "tag", tag:
                parts.append(Tag(tag))
            case _, word:
                parts.append(Word(word))
    options.append(_row(parts))
    return (options[0] if len(options) == 1 else Choice(tuple(options))), at


def _row(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def _words(node: Node) -> Iterator[str]:
    match node:
        case Word(text):
            yield text
        case Choice(options):
            for option in options:
                yield from _words(option)
        case Row(parts):
            for part in parts:
                yield from _words(part)
        case Star(inner):
            yield from _words(inner)
        case _:
            pass
