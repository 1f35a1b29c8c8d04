"""``python -m metrix``."""

from metrix.cli import run

run()
