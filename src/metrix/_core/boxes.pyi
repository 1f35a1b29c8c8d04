from __future__ import annotations
import numpy
import numpy.typing
import typing

__all__: list[str] = [
    "Decay",
    "Format",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "box_iou_block",
    "complete_box_iou",
    "distance_box_iou",
    "generalized_box_iou",
    "nms",
    "paired_box_iou",
    "paired_complete_box_iou",
    "paired_distance_box_iou",
    "paired_generalized_box_iou",
    "soft_nms",
]

class Format:
    """
    Members:

      xyxy

      xywh

      cxcywh
    """

    __members__: typing.ClassVar[dict[str, Format]]
    cxcywh: typing.ClassVar[Format]
    xywh: typing.ClassVar[Format]
    xyxy: typing.ClassVar[Format]
    @typing.overload
    def __eq__(self, other: Format) -> bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: Format) -> bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Decay:
    """
    Members:

      linear

      gaussian
    """

    __members__: typing.ClassVar[dict[str, Decay]]
    gaussian: typing.ClassVar[Decay]
    linear: typing.ClassVar[Decay]
    @typing.overload
    def __eq__(self, other: Decay) -> bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: Decay) -> bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

@typing.overload
def batched_nms(
    boxes: numpy.typing.NDArray[numpy.float32],
    scores: numpy.typing.NDArray[numpy.float32],
    idxs: numpy.typing.NDArray[numpy.int64],
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
@typing.overload
def batched_nms(
    boxes: numpy.typing.NDArray[numpy.float64],
    scores: numpy.typing.NDArray[numpy.float64],
    idxs: numpy.typing.NDArray[numpy.int64],
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
@typing.overload
def box_area(boxes: numpy.typing.NDArray[numpy.float32], fmt: Format) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def box_area(boxes: numpy.typing.NDArray[numpy.float64], fmt: Format) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def box_convert(
    boxes: numpy.typing.NDArray[numpy.float32], in_fmt: Format, out_fmt: Format
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def box_convert(
    boxes: numpy.typing.NDArray[numpy.float64], in_fmt: Format, out_fmt: Format
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    fmt: Format,
    crowd: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    fmt: Format,
    crowd: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8] | None,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float64]: ...
def box_iou_block(
    detections: numpy.typing.NDArray[numpy.float64],
    ground_truths: numpy.typing.NDArray[numpy.float64],
    crowd: numpy.typing.NDArray[numpy.uint8],
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def complete_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def complete_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def distance_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def distance_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    eps: typing.SupportsFloat | typing.SupportsIndex,
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def generalized_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def generalized_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    num_threads: typing.SupportsInt | typing.SupportsIndex,
    out: typing.Any,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def nms(
    boxes: numpy.typing.NDArray[numpy.float32],
    scores: numpy.typing.NDArray[numpy.float32],
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
@typing.overload
def nms(
    boxes: numpy.typing.NDArray[numpy.float64],
    scores: numpy.typing.NDArray[numpy.float64],
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.int64]: ...
@typing.overload
def paired_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    fmt: Format,
    crowd: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8] | None,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def paired_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    fmt: Format,
    crowd: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8] | None,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def paired_complete_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    eps: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def paired_complete_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    eps: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def paired_distance_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32],
    boxes2: numpy.typing.NDArray[numpy.float32],
    eps: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def paired_distance_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64],
    boxes2: numpy.typing.NDArray[numpy.float64],
    eps: typing.SupportsFloat | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def paired_generalized_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float32], boxes2: numpy.typing.NDArray[numpy.float32]
) -> numpy.typing.NDArray[numpy.float32]: ...
@typing.overload
def paired_generalized_box_iou(
    boxes1: numpy.typing.NDArray[numpy.float64], boxes2: numpy.typing.NDArray[numpy.float64]
) -> numpy.typing.NDArray[numpy.float64]: ...
@typing.overload
def soft_nms(
    boxes: numpy.typing.NDArray[numpy.float32],
    scores: numpy.typing.NDArray[numpy.float32],
    method: Decay,
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
    sigma: typing.SupportsFloat | typing.SupportsIndex,
    score_threshold: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
@typing.overload
def soft_nms(
    boxes: numpy.typing.NDArray[numpy.float64],
    scores: numpy.typing.NDArray[numpy.float64],
    method: Decay,
    iou_threshold: typing.SupportsFloat | typing.SupportsIndex,
    sigma: typing.SupportsFloat | typing.SupportsIndex,
    score_threshold: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[typing.Any, ...]: ...
