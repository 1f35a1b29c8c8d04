from __future__ import annotations
import typing

__all__: list[str] = ["join"]

def join(
    images: list[typing.Any], key: str, width: typing.SupportsInt | typing.SupportsIndex, integers: bool
) -> typing.Any: ...
