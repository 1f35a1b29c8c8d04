"""What is often printed wrong about losses and metrics, and what is right.

No kernel: reads ``ERRATA.md``, which stands beside it.
"""

from __future__ import annotations

from importlib.resources import files


def errata_text() -> str:
    """The page, as Markdown.

    Example:
        >>> "| E9 ★ | S 3.1.5 | the quantile loss at 0.5 is the absolute error | it is half of it" in errata_text()
        True
    """
    return files("metrix.losses").joinpath("ERRATA.md").read_text(encoding="utf-8")
