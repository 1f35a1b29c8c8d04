"""Writing long lists of flat records: the very text of ``json.dump`` with its default separators, but streamed.

``json.dump`` of two million dictionaries needs gigabytes; these writers go from columns to text in blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

_BLOCK = 50_000


def write_records(path: Path, template: str, rows: Iterable[Sequence[Any]], head: str = "[", tail: str = "]") -> None:
    """Write ``head``, ``template % row`` for every row separated by ``", "``, and ``tail``."""
    with path.open("w", encoding="ascii") as file:
        file.write(head)
        separator = ""
        for block in _blocks(rows):
            file.write(separator + ", ".join([template % tuple(row) for row in block]))
            separator = ", "
        file.write(tail)


def _blocks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    block: list[Sequence[Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block
