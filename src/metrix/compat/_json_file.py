"""A JSON file that is read for columns now, and perhaps later as a whole for the dicts in it."""

from __future__ import annotations

import io
import json
import os
import weakref
from typing import Any

from metrix._sources import open_source


class JsonFile(io.RawIOBase):
    """An open file that reads from its start whenever asked, also after its name is gone.

    The descriptor is read by position, so processes that were forked from this one do not disturb each other. It is closed
    with the object.
    """

    def __init__(self, path: str | os.PathLike[str] | int) -> None:
        """Open the file; ``OSError`` if that fails."""
        super().__init__()
        self._path = path
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.dup(path) if isinstance(path, int) else os.open(path, flags)
        self._finalizer = weakref.finalize(self, os.close, self._descriptor)
        self._state = self._stat()
        self._position = 0

    def _stat(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place counted from the start."""
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("seek counts from the start")
        self._position = offset
        return offset

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; the number of bytes written, 0 at the end."""
        view = memoryview(buffer).cast("B")
        if hasattr(os, "preadv"):
            count = os.preadv(self._descriptor, [view], self._position)
        else:
            os.lseek(self._descriptor, self._position, os.SEEK_SET)
            data = os.read(self._descriptor, len(view))
            count = len(data)
            view[:count] = data
        self._position += count
        return count

    def rewound(self) -> JsonFile:
        """The file at its start.

        Raises:
            RuntimeError: if the file was written to since it was opened: what was read of it does not hold any more.
        """
        if self._stat() != self._state:
            raise RuntimeError(f"{self._path}: has been written to since it was read; load it again")
        self._position = 0
        return self

    def source(self) -> str | os.PathLike[str] | JsonFile:
        """What to read it from: the path, which is the fastest, as long as it names this file."""
        self.rewound()
        if not isinstance(self._path, int):
            try:
                named, held = os.stat(self._path), os.fstat(self._descriptor)
            except OSError:
                return self
            if os.path.samestat(named, held):
                return self._path
        return self

    def load(self) -> Any:
        """What ``json.load`` gives of it."""
        with open_source(self.rewound(), "annotations") as opened:
            buffer = bytearray(1 << 20)
            parts = []
            while count := opened.stream.readinto(memoryview(buffer)):
                parts.append(bytes(buffer[:count]))
        return json.loads(b"".join(parts).decode())
