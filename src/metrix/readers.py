"""Ground truth and detections of other data sets than COCO's, as columns: Pascal VOC and YOLO.

No kernel: many small files are read by the standard library, one after the other. What comes out is what
:mod:`metrix.records` makes of JSON, and goes where it goes. Images are known by the names of their files without suffix; in
VOC categories are known by their names, in YOLO by their numbers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.records import Detections, GroundTruth

FloatArray = npt.NDArray[np.float64]
PathLike = str | os.PathLike[str]

#: Height and width by image name.
ImageSizes = Mapping[str, tuple[int, int]]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def read_voc_ground_truth(source: PathLike, *, images: PathLike | Iterable[str] | None = None) -> GroundTruth:
    """Ground truth of Pascal VOC: a folder of XML files, or one.

    Args:
        source: the folder (``Annotations``), or an XML file.
        images: which of them: a file with a name a line (of ``ImageSets/Main``), or names. Default: all.

    Returns:
        Columns with the names of images and categories as ids. ``bbox`` has x and y of the first corner, and the difference
        of the corners as width and height: a protocol that holds the pixels of corners makes it longer by 1. ``ignore`` is
        the field ``difficult``; ``truncated`` and ``pose`` are not read. There is no area but that of the boxes.

    Raises:
        ValueError: for what is no such file, with its name and the line or the object; for XML with a document type, whose
            entities could be anything.
        OSError: if a file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "000001.xml").write_text(
        ...         "<annotation><size><width>500</width><height>375</height></size><object><name>dog</name>"
        ...         "<bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox></object></annotation>")
        ...     truth = read_voc_ground_truth(folder)
        >>> truth
        GroundTruth(1 annotations of 1 categories on 1 images: bbox)
        >>> truth.image_ids[0], truth.category_names, truth.bbox.tolist()
        (np.str_('000001'), ('dog',), [[48.0, 240.0, 147.0, 131.0]])

    Source:
        The VOC2012 development kit, section 4.
    """
    path = Path(source)
    if images is not None:
        names = _lines(Path(images)) if isinstance(images, (str, os.PathLike)) else list(images)
        # The lists of one class say behind each name whether the image shows it.
        files = [path / f"{name.split()[0]}.xml" for name in names]
    else:
        files = _files(path, "xml")
    sizes, rows = [], []
    for file in files:
        annotation = _xml_root(file)
        sizes.append([_number(annotation, f"size/{side}", str(file), -1.0) for side in ("height", "width")])
        for number, thing in enumerate(annotation.findall("object")):
            place = f"{file}: object {number}"
            corners = [_number(thing, f"bndbox/{side}", place) for side in ("xmin", "ymin", "xmax", "ymax")]
            name = (thing.findtext("name") or "").strip()
            if not name:
                raise ValueError(f"{place}: name: missing")
            rows.append((file.stem, name, corners, _number(thing, "difficult", place, 0.0) != 0))
    categories = sorted({name for _, name, _, _ in rows})
    return GroundTruth.from_arrays(
        image_id=_texts([row[0] for row in rows]),
        category_id=_texts([row[1] for row in rows]),
        bbox=_boxes_of_corners([row[2] for row in rows]),
        ignore=np.array([row[3] for row in rows], dtype=bool),
        image_ids=_texts([file.stem for file in files]),
        image_sizes=np.array(sizes, dtype=np.int64).reshape(-1, 2),
        category_ids=_texts(categories),
        category_names=categories,
    )


def read_voc_detections(source: PathLike) -> Detections:
    """Detections in the text format of Pascal VOC: a folder with a file for each category, or one of them.

    A line is ``image score xmin ymin xmax ymax``. The category is what the name of the file says behind ``det_SET_``, as in
    ``comp4_det_test_dog.txt``, or all of the name (``dog.txt``).

    Args:
        source: the folder (``results/VOC2012/Main``), or a text file.

    Returns:
        Columns with names as ids; ``bbox`` as :func:`read_voc_ground_truth` has it.

    Raises:
        ValueError: for a line that is no detection, with the file and the line.
        OSError: if a file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "comp4_det_test_dog.txt").write_text("000001 0.9 48 240 195 371\\n")
        ...     read_voc_detections(folder)
        Detections(1 rows: bbox)

    Source:
        The VOC2012 development kit, section 8.2.
    """
    image_ids, category_ids, numbers = [], [], []
    for file in _files(Path(source), "txt"):
        marked = re.fullmatch(r"(?:.*_)?det_[^_]+_(.+)", file.stem)
        category = marked[1] if marked else file.stem
        for place, fields in _fields(file):
            if len(fields) != 6:
                raise ValueError(f"{place}: expected image, score, xmin, ymin, xmax, ymax, got {len(fields)} fields")
            image_ids.append(fields[0])
            category_ids.append(category)
            numbers.append(_floats(fields[1:], place))
    table = np.array(numbers, dtype=np.float64).reshape(-1, 5)
    return Detections.from_arrays(
        image_id=_texts(image_ids),
        category_id=_texts(category_ids),
        score=table[:, 0],
        bbox=_boxes_of_corners(table[:, 1:]),
    )


def read_yolo_ground_truth(
    source: PathLike,
    *,
    image_sizes: ImageSizes | PathLike,
    category_names: Sequence[str] | Mapping[int, str] | PathLike | None = None,
) -> GroundTruth:
    """Ground truth of YOLO: a folder with a text file for each image.

    A line is ``category x y width height``: the centre and the sides in shares of the image.

    Args:
        source: the folder (``labels/val``), or a text file.
        image_sizes: height and width by image name (without suffix), or a folder of the images, whose sizes Pillow or OpenCV
            then reads. An image without a text file has no objects.
        category_names: by number, or a file with a name a line. Default: the numbers that occur, without names.

    Returns:
        Columns with the names of images and the numbers of categories as ids, boxes in pixels.

    Raises:
        ValueError: for a line that is no object, with the file and the line; for an image of unknown size.
        OSError: if a file cannot be read. ImportError: without Pillow and OpenCV, for a folder of images.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "street.txt").write_text("1 0.5 0.5 0.2 0.5\\n")
        ...     truth = read_yolo_ground_truth(folder, image_sizes={"street": (480, 640)}, category_names=["cat", "dog"])
        >>> truth, truth.bbox.tolist()
        (GroundTruth(1 annotations of 2 categories on 1 images: bbox), [[256.0, 120.0, 128.0, 240.0]])
    """
    files = _files(Path(source), "txt")
    sizes = _sizes(image_sizes)
    rows = [row for file in files for row in _yolo_rows(file, sizes, 5)]
    names = _category_names(category_names)
    known = sorted({row[1] for row in rows} | names.keys())
    images = sorted({file.stem for file in files} | sizes.keys())
    return GroundTruth.from_arrays(
        image_id=_texts([row[0] for row in rows]),
        category_id=np.array([row[1] for row in rows], dtype=np.int64),
        bbox=np.array([row[2] for row in rows], dtype=np.float64).reshape(-1, 4),
        image_ids=_texts(images),
        image_sizes=np.array([_size_of(name, sizes, str(source)) for name in images], dtype=np.int64).reshape(-1, 2),
        category_ids=np.array(known, dtype=np.int64),
        category_names=[names.get(number, "") for number in known],
    )


def read_yolo_detections(source: PathLike, *, image_sizes: ImageSizes | PathLike) -> Detections:
    """Detections of YOLO: a folder with a text file for each image.

    A line is ``category x y width height confidence``, as Ultralytics writes it with ``save_txt`` and ``save_conf``.

    Args:
        source: the folder (``labels``), or a text file.
        image_sizes: as :func:`read_yolo_ground_truth` takes it.

    Returns:
        Columns with the names of images and the numbers of categories as ids, boxes in pixels.

    Raises:
        As :func:`read_yolo_ground_truth`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "street.txt").write_text("1 0.5 0.5 0.2 0.5 0.9\\n")
        ...     read_yolo_detections(folder, image_sizes={"street": (480, 640)})
        Detections(1 rows: bbox)
    """
    sizes = _sizes(image_sizes)
    rows = [row for file in _files(Path(source), "txt") for row in _yolo_rows(file, sizes, 6)]
    return Detections.from_arrays(
        image_id=_texts([row[0] for row in rows]),
        category_id=np.array([row[1] for row in rows], dtype=np.int64),
        score=np.array([row[3] for row in rows], dtype=np.float64),
        bbox=np.array([row[2] for row in rows], dtype=np.float64).reshape(-1, 4),
    )


# ---- XML ----------------------------------------------------------------------------------------------------------


def _xml_root(file: Path) -> Any:
    from xml.etree import ElementTree  # few evaluations need it

    class WithoutDocumentType(ElementTree.TreeBuilder):
        def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
            raise ValueError(f"{file}: XML with a document type is refused")

    parser = ElementTree.XMLParser(target=WithoutDocumentType())
    try:
        return ElementTree.fromstring(file.read_bytes(), parser)
    except ElementTree.ParseError as error:
        raise ValueError(f"{file}: line {error.position[0]}: {error}") from None


def _number(element: Any, name: str, place: str, absent: float | None = None) -> float:
    text = element.findtext(name)
    if text is None:
        if absent is None:
            raise ValueError(f"{place}: {name}: missing")
        return absent
    return _float(text, f"{place}: {name}")


def _boxes_of_corners(corners: Any) -> FloatArray:
    """x, y, width, height: of whole numbers the far corner x + width is kept, of others but for its last bit."""
    table = np.array(corners, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([table[:, :2], table[:, 2:] - table[:, :2]], axis=1)


# ---- text ---------------------------------------------------------------------------------------------------------


def _all_lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{file}: line {line}: the text is not UTF-8") from None


def _lines(file: Path) -> list[str]:
    """What is not empty."""
    return [line.strip() for line in _all_lines(file) if line.strip()]


def _fields(file: Path) -> Iterator[tuple[str, list[str]]]:
    """The place and the fields of each line."""
    for number, line in enumerate(_all_lines(file), 1):
        fields = line.split()
        if fields:
            yield f"{file}: line {number}", fields


def _floats(fields: Sequence[str], place: str) -> list[float]:
    return [_float(field, place) for field in fields]


def _float(text: str, place: str) -> float:
    try:
        if "_" not in text:  # which Python takes between digits
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"{place}: expected a number, got {text.strip()!r}")


def _files(source: Path, suffix: str) -> list[Path]:
    """Those of a folder, or the file itself."""
    if not source.is_dir():
        return [source]
    files = sorted(source.glob(f"*.{suffix}"))
    if not files:
        raise ValueError(f"{source}: expected a folder with .{suffix} files, found none")
    return files


def _yolo_rows(file: Path, sizes: ImageSizes, count: int) -> Iterator[tuple[str, int, list[float], float]]:
    """Image, category, box in pixels, and the last number of each line."""
    for place, fields in _fields(file):
        if len(fields) != count:
            expected = "category, x, y, width, height" + ", confidence" * (count == 6)
            raise ValueError(f"{place}: expected {expected}, got {len(fields)} fields")
        if not (fields[0].isascii() and fields[0].isdecimal()):
            raise ValueError(f"{place}: expected a category number, got {fields[0]!r}")
        x, y, width, height, *_ = numbers = _floats(fields[1:], place)
        rows, columns = _size_of(file.stem, sizes, place)
        box = [(x - width / 2) * columns, (y - height / 2) * rows, width * columns, height * rows]
        yield file.stem, int(fields[0]), box, numbers[-1]


def _category_names(names: Sequence[str] | Mapping[int, str] | PathLike | None) -> dict[int, str]:
    if names is None:
        return {}
    if isinstance(names, (str, os.PathLike)):
        names = _lines(Path(names))
    return dict(names) if isinstance(names, Mapping) else dict(enumerate(names))


def _texts(values: Iterable[str]) -> npt.NDArray[np.str_]:
    return np.array(list(values), dtype=np.str_)


# ---- sizes of images ----------------------------------------------------------------------------------------------


def _sizes(image_sizes: ImageSizes | PathLike) -> ImageSizes:
    if isinstance(image_sizes, Mapping):
        return image_sizes
    folder = Path(image_sizes)
    read = _size_reader()
    return {file.stem: read(file) for file in sorted(folder.iterdir()) if file.suffix.lower() in IMAGE_SUFFIXES}


def _size_reader() -> Any:
    """Pillow reads the head of a file alone; OpenCV all of it."""
    try:
        from PIL import Image

        def by_pillow(file: Path) -> tuple[int, int]:
            with Image.open(file) as image:
                return int(image.height), int(image.width)

        return by_pillow
    except ImportError:
        import cv2

        def by_opencv(file: Path) -> tuple[int, int]:
            image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            if image is None:
                raise ValueError(f"{file}: no image") from None
            return int(image.shape[0]), int(image.shape[1])

        return by_opencv


def _size_of(name: str, sizes: ImageSizes, place: str) -> tuple[int, int]:
    if name not in sizes:
        raise ValueError(f"{place}: image_sizes has no {name!r}")
    return sizes[name]
