from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = ["PlainImages", "read_plain"]

class PlainImages:
    def fill(
        self,
        columns: dict[str, typing.Any],
        image: numpy.typing.NDArray[numpy.int32],
        first_image: typing.SupportsInt | typing.SupportsIndex,
        box_format: str,
    ) -> None: ...
    @property
    def rows(self) -> int: ...

def read_plain(images: list[typing.Any], keys: list[typing.Any], absent: list[typing.Any]) -> typing.Any: ...
