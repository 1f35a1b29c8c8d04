from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "halve",
    "local_moments",
    "squared_error",
    "structural_similarity",
    "structural_similarity_gradient",
]

@typing.overload
def halve(
    images: numpy.typing.NDArray[numpy.uint8], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def halve(
    images: numpy.typing.NDArray[numpy.float32], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def halve(
    images: numpy.typing.NDArray[numpy.float64], num_threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def local_moments(
    image: numpy.typing.NDArray[numpy.uint8],
    reference: numpy.typing.NDArray[numpy.uint8],
    window: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def local_moments(
    image: numpy.typing.NDArray[numpy.float32],
    reference: numpy.typing.NDArray[numpy.float32],
    window: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def local_moments(
    image: numpy.typing.NDArray[numpy.float64],
    reference: numpy.typing.NDArray[numpy.float64],
    window: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def squared_error(
    image: numpy.typing.NDArray[numpy.uint8],
    reference: numpy.typing.NDArray[numpy.uint8],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def squared_error(
    image: numpy.typing.NDArray[numpy.float32],
    reference: numpy.typing.NDArray[numpy.float32],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def squared_error(
    image: numpy.typing.NDArray[numpy.float64],
    reference: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def structural_similarity(
    image: numpy.typing.NDArray[numpy.uint8],
    reference: numpy.typing.NDArray[numpy.uint8],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    of_structure: bool,
    wants_map: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def structural_similarity(
    image: numpy.typing.NDArray[numpy.float32],
    reference: numpy.typing.NDArray[numpy.float32],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    of_structure: bool,
    wants_map: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def structural_similarity(
    image: numpy.typing.NDArray[numpy.float64],
    reference: numpy.typing.NDArray[numpy.float64],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    of_structure: bool,
    wants_map: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def structural_similarity_gradient(
    image: numpy.typing.NDArray[numpy.uint8],
    reference: numpy.typing.NDArray[numpy.uint8],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    ssim_factor: numpy.typing.NDArray[numpy.float64],
    cs_factor: numpy.typing.NDArray[numpy.float64],
    wants_reference: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def structural_similarity_gradient(
    image: numpy.typing.NDArray[numpy.float32],
    reference: numpy.typing.NDArray[numpy.float32],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    ssim_factor: numpy.typing.NDArray[numpy.float64],
    cs_factor: numpy.typing.NDArray[numpy.float64],
    wants_reference: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def structural_similarity_gradient(
    image: numpy.typing.NDArray[numpy.float64],
    reference: numpy.typing.NDArray[numpy.float64],
    window: numpy.typing.NDArray[numpy.float64],
    c1: typing.SupportsFloat | typing.SupportsIndex,
    c2: typing.SupportsFloat | typing.SupportsIndex,
    covariance_factor: typing.SupportsFloat | typing.SupportsIndex,
    ssim_factor: numpy.typing.NDArray[numpy.float64],
    cs_factor: numpy.typing.NDArray[numpy.float64],
    wants_reference: bool,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
