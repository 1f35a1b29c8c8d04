"""Where bytes come from: plain, gzip and zstd files, and bytes in memory, each as one ``readinto``."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeGuard

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Readable(Protocol):
    """A binary file or stream: the one method that the JSON readers need."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer from its start and return how many bytes were written; 0 at the end."""


#: What a reader of bytes accepts; everything else is records or arrays.
ByteSource = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable


def is_byte_source(source: object) -> TypeGuard[ByteSource]:
    """Whether :func:`open_source` takes it."""
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(source, "readinto")


@dataclass(frozen=True)
class OpenedSource:
    """Decompressed bytes, and how many they are if that is known (0 if not)."""

    stream: Readable
    size_hint: int


@contextlib.contextmanager
def open_source(source: ByteSource, name: str) -> Iterator[OpenedSource]:
    """Open a path, bytes or a binary file, decompressing by the first bytes, whatever the file is called.

    Damage to the compressed data is a ValueError that starts with ``name``; a file that is not there is the usual
    ``FileNotFoundError``.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(source, (bytes, bytearray, memoryview)):
            view = memoryview(source)
            size = view.nbytes
            raw: Any = io.BytesIO(source if view.c_contiguous else view.tobytes())
        elif isinstance(source, (str, os.PathLike)):
            raw = stack.enter_context(Path(source).open("rb", buffering=0))
            size = os.fstat(raw.fileno()).st_size
        else:
            raw, size = source, 0
            if not (hasattr(raw, "seekable") and raw.seekable()):  # what a stream holds is taken as plain text
                yield OpenedSource(raw, 0)
                return
        if raw.seekable():
            start = raw.tell()
            magic = raw.read(4)
            raw.seek(start)
        else:  # a path that names a pipe
            raw = io.BufferedReader(raw)
            magic = raw.peek(4)[:4]
        try:
            if magic.startswith(GZIP_MAGIC):
                yield OpenedSource(stack.enter_context(gzip.GzipFile(fileobj=raw)), 0)
            elif magic == ZSTD_MAGIC:
                yield OpenedSource(stack.enter_context(_open_zstd(raw)), 0)
            else:
                yield OpenedSource(raw, size)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise ValueError(f"{name}: the gzip data is damaged ({error})") from error
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise ValueError(f"{name}: the zstd data is damaged ({error})") from error
            raise


def _open_zstd(raw: Any) -> Any:
    try:
        from compression import zstd  # Python 3.14

        return zstd.ZstdFile(raw)
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError:
        raise ImportError(
            "reading zstd data needs Python 3.14 or the package zstandard: pip install 'metrix[zstd]'"
        ) from None
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
