"""Which losses suit a task, what each needs, and what is known of it.

No kernel: reads the facts and the documentation that each loss carries.

Example:
    >>> from metrix.losses import find
    >>> find(task="regression", properties="bounded, smooth").names
    ('geman_mcclure_loss', 'welsch_loss')
    >>> print(find("L2 loss"))
    loss      summary                range     properties
    --------  ---------------------  --------  ------------------------------------------------
    mse_loss  Squared error, `r^2`.  [0, inf)  convex differentiable monotonic smooth symmetric
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from metrix.losses._aliases import ALIASES
from metrix.losses._facts import PROPERTIES, TASKS, Facts
from metrix.losses._loss import Loss

_HEADERS = ("loss", "summary", "range", "properties")


@dataclass(frozen=True)
class Entry:
    """What is known of one loss, in words."""

    name: str
    #: The module it stands in.
    family: str
    #: The first sentence of its documentation, most often with the formula.
    summary: str
    tasks: tuple[str, ...]
    #: What is passed.
    needs: str
    #: Least and greatest value of one term.
    range: tuple[float, float]
    properties: tuple[str, ...]
    #: Where it comes from.
    source: str
    #: Other names.
    aliases: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, where an infinite end is null."""
        ends = [None if math.isinf(end) else end for end in self.range]
        return {**vars(self), "range": ends}

    def __str__(self) -> str:
        """A paragraph."""
        rows = {
            "needs": self.needs,
            "tasks": ", ".join(self.tasks),
            "range": range_text(self.range),
            "properties": ", ".join(self.properties) or "none of those asked for here",
            "also called": ", ".join(self.aliases),
            "source": self.source,
        }
        lines = [f"  {title:<12}{text}" for title, text in rows.items() if text]
        return "\n".join([f"metrix.losses.{self.name} ({self.family}): {self.summary}", *lines])


@dataclass(frozen=True)
class Listing:
    """Losses that were found: ``names``, ``losses`` to call, ``entries`` to read; prints as a table."""

    losses: tuple[Loss, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names in ``metrix.losses``."""
        return tuple(loss.__name__ for loss in self.losses)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is known of each."""
        return tuple(entry(loss) for loss in self.losses)

    def __len__(self) -> int:
        """How many."""
        return len(self.losses)

    def __iter__(self) -> Iterator[Loss]:
        """The losses."""
        return iter(self.losses)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Cells of a table: name, summary, range, properties."""
        return [(e.name, e.summary, range_text(e.range), " ".join(e.properties)) for e in self.entries]

    def __str__(self) -> str:
        """A table."""
        rows = [_HEADERS, *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])

    __repr__ = __str__


def find(name: str | None = None, *, task: str | None = None, properties: str | Iterable[str] = ()) -> Listing:
    """Losses by name, task and properties; all of them without an argument.

    Args:
        name: in any spelling, or another name that the field has for it, such as "log loss" or "Jaccard Index".
        task: one of ``metrix.losses.TASKS``, such as "object detection"; those come first that are used for it most.
        properties: of ``metrix.losses.PROPERTIES``, separated by commas or one by one; each must hold, with "not " before it
            none may.

    Returns:
        A :class:`Listing`: empty where the three do not go together.

    Raises:
        ValueError: for a name, a task or a property that is not known; the message names what is near.

    Example:
        >>> find("hinge").names
        ('hinge_loss',)
        >>> "sigmoid_focal_loss" in find(task="binary classification", properties="not convex").names
        True
    """
    every = _every()
    if name is not None:
        found = _resolve(name, every)
    elif task is not None:
        _known(task, "task", TASKS)
        suiting = [loss for loss in every.values() if task in loss.facts.tasks]
        found = sorted(suiting, key=lambda loss: (loss.facts.tasks.index(task), loss.__name__))
    else:
        found = sorted(every.values(), key=lambda loss: loss.__name__)
    words = properties.split(",") if isinstance(properties, str) else list(properties)
    for word in (word.strip() for word in words):
        if not word:
            continue
        wanted = not word.startswith("not ")
        _known(word.removeprefix("not "), "properties", PROPERTIES)
        found = [loss for loss in found if (word.removeprefix("not ") in loss.facts.properties) == wanted]
    return Listing(tuple(loss for loss in found if task is None or task in loss.facts.tasks))


def entry(loss: Loss) -> Entry:
    """What is known of a loss."""
    facts: Facts = loss.facts
    documentation = loss.__doc__ or ""
    return Entry(
        name=loss.__name__,
        family=loss.__module__.rpartition(".")[2],
        summary=" ".join(documentation.split("\n\n")[0].split()).replace("``", "`").replace(":data:", ""),
        tasks=facts.tasks,
        needs=facts.needs,
        range=facts.range,
        properties=tuple(sorted(facts.properties)),
        source=_section(documentation, "Source"),
        aliases=tuple(sorted(alias for alias, names in ALIASES.items() if loss.__name__ in names)),
    )


def range_text(ends: tuple[float, float]) -> str:
    """Such as ``[0, inf)``."""
    low, high = ends
    return f"{'(' if math.isinf(low) else '['}{low:g}, {high:g}{')' if math.isinf(high) else ']'}"


def _every() -> dict[str, Loss]:
    from metrix import losses

    return {name: found for name in losses.__all__ if isinstance(found := getattr(losses, name), Loss)}


def _resolve(name: str, every: dict[str, Loss]) -> list[Loss]:
    spellings: dict[str, list[str]] = {_plain(own): [own] for own in every}
    for alias, names in ALIASES.items():
        known = spellings.setdefault(_plain(alias), [])
        known += [own for own in names if own in every and own not in known]
    found = spellings.get(_plain(name))
    if not found:
        near = difflib.get_close_matches(_plain(name), spellings, n=3, cutoff=0.5)
        close = sorted({own for plain in near for own in spellings[plain]})
        raise ValueError(f"name: expected the name of a loss, got {name!r}" + (f"; near are {close}" if close else ""))
    return [every[own] for own in found]


def _plain(name: str) -> str:
    """Without case, marks and the word loss."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return letters.removesuffix("loss") or letters


def _known(word: str, argument: str, words: Iterable[str]) -> None:
    if word not in words:
        raise ValueError(f"{argument}: expected one of {list(words)}, got {word!r}")


def _section(documentation: str, title: str) -> str:
    found = re.search(rf"^{title}:\n((?:    .*\n?)+)", documentation, re.MULTILINE)
    return " ".join(found.group(1).split()) if found else ""
