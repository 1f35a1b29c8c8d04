# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
# distutils: language=c++
"""Python lists of dicts -> columns: the one room of Cython, and no algorithm in it.

The columns are those of the JSON readers in kernels/records. Nothing of the caller's is changed, and no other thread may change it
meanwhile: references are borrowed, also where Python has no global lock.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Check, PyDict_GetItemWithError, PyDict_Size
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject
from libc.math cimport NAN
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

import numpy as np

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL

cdef extern from "support/view.hpp" namespace "metrix":
    cdef cppclass DoubleView "metrix::View1<const double>":
        DoubleView(const double*, size_t)

    cdef cppclass UInt32View "metrix::View1<const std::uint32_t>":
        UInt32View(const uint32_t*, size_t)

cdef extern from "kernels/records/columns.hpp" namespace "metrix::records":
    cdef enum Presence:
        has_bbox
        has_segmentation
        has_keypoints
        has_area
        has_iscrowd
        has_num_keypoints
        has_id
        has_score
        has_image_id
        has_category_id

    cdef cppclass MaskBuilder:
        vector[uint8_t] kind
        vector[uint64_t] offset
        vector[uint8_t] payload "payload"
        vector[uint32_t] height
        vector[uint32_t] width
        void add_missing()
        void add_string(string_view, uint32_t, uint32_t)
        void add_counts(UInt32View, uint32_t, uint32_t)
        void begin_polygons()
        void add_polygon(DoubleView)
        void end_polygons()

# Looking for a signal costs next to nothing this often, and Ctrl-C still answers at once.
cdef enum:
    RECORDS_BETWEEN_SIGNAL_CHECKS = 4096


cdef class Place:
    """Where a value stands, for messages: detections[17].bbox."""
    cdef str array
    cdef Py_ssize_t row

    def __cinit__(self, str array):
        self.array = array
        self.row = 0

    cdef object error(self, str field, str message):
        return ValueError(f"{self.array}[{self.row}].{field}: {message}")

    cdef object got(self, str field, str expected, object value):
        text = repr(value)
        if len(text) > 60:
            text = text[:57] + "..."
        return self.error(field, f"expected {expected}, got {text}")


cdef double to_double(object value, Place place, str field) except? -1.5:
    """Any real number but text; float and int at once, NumPy scalars and others through float()."""
    if PyFloat_CheckExact(value):
        return PyFloat_AS_DOUBLE(value)
    if value is None or isinstance(value, (str, bytes, bytearray, bool, complex)):
        raise place.got(field, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise place.error(field, "the integer is too large for a double") from None
    except (TypeError, ValueError):
        raise place.got(field, "a number", value) from None


cdef int64_t to_int64(object value, Place place, str field, str expected) except? -1:
    """An int, a NumPy integer, or a float without fraction (42.0 equals 42 as a key of a dict)."""
    cdef int overflow = 0
    cdef long long number
    if not PyLong_CheckExact(value):
        if value is None or isinstance(value, (str, bytes, bool)):
            raise place.got(field, expected, value)
        try:
            whole = int(value)
            if whole != value:
                raise place.got(field, expected, value)
        except (TypeError, OverflowError, ValueError):
            raise place.got(field, expected, value) from None
        value = whole
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow != 0:
        raise place.got(field, expected, value)
    return number


cdef class Ids:
    """Ids of images or categories: all integers, or all text (then values index texts in order of first appearance)."""
    cdef object array
    cdef int64_t[::1] values
    cdef dict code_of_text
    cdef str field
    cdef bint knows_kind

    def __cinit__(self, Py_ssize_t count, str field):
        self.array = np.empty(count, dtype=np.int64)
        self.values = self.array
        self.code_of_text = None
        self.field = field
        self.knows_kind = False

    cdef int put(self, Py_ssize_t row, object value, Place place) except -1:
        if PyLong_CheckExact(value) and self.code_of_text is None:
            self.knows_kind = True
            self.values[row] = to_int64(value, place, self.field, "text or an integer of at most 64 bits")
            return 0
        cdef bint is_text = isinstance(value, str)
        if not self.knows_kind:
            self.knows_kind = True
            if is_text:
                self.code_of_text = {}
        if is_text != (self.code_of_text is not None):
            if is_text:
                raise place.error(self.field, "expected an integer like the ids before it, got text")
            to_int64(value, place, self.field, "text or an integer of at most 64 bits")
            raise place.error(self.field, "expected text like the ids before it, got an integer")
        if is_text:
            self.values[row] = self.code_of_text.setdefault(str(value), len(self.code_of_text))
        else:
            self.values[row] = to_int64(value, place, self.field, "text or an integer of at most 64 bits")
        return 0

    cdef tuple column(self):
        return self.array, None if self.code_of_text is None else list(self.code_of_text)


cdef list list_of_numbers(object values, Place place, str field):
    """A list, tuple or one-dimensional array as a list."""
    if PyList_CheckExact(values):
        return <list>values
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
        raise place.got(field, "a list of numbers", values)
    # tolist keeps float32 as the double of the same value and integers as integers.
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    if not PyList_CheckExact(values):
        raise place.got(field, "a list of numbers", values)
    return <list>values


cdef int read_numbers(object values, vector[double]& numbers, Place place, str field) except -1:
    """Puts a list, tuple or one-dimensional array of numbers behind what `numbers` holds."""
    cdef list items = list_of_numbers(values, place, field)
    cdef Py_ssize_t i
    cdef PyObject* item
    for i in range(PyList_GET_SIZE(items)):
        item = PyList_GET_ITEM(items, i)
        if PyFloat_CheckExact(<object>item):
            numbers.push_back(PyFloat_AS_DOUBLE(<object>item))
        else:
            numbers.push_back(to_double(<object>item, place, field))
    return 0


cdef bint read_bbox(object value, double* box, Place place) except -1:
    """[x, y, width, height] -> True; an empty list counts as no box -> False."""
    cdef vector[double] numbers
    cdef Py_ssize_t i
    cdef PyObject* item
    if PyList_CheckExact(value) and PyList_GET_SIZE(value) == 4:
        for i in range(4):
            item = PyList_GET_ITEM(value, i)
            if PyFloat_CheckExact(<object>item):
                box[i] = PyFloat_AS_DOUBLE(<object>item)
            else:
                box[i] = to_double(<object>item, place, "bbox")
        return True
    read_numbers(value, numbers, place, "bbox")
    if numbers.size() == 0:
        return False
    if numbers.size() != 4:
        raise place.error("bbox", f"expected 4 numbers [x, y, width, height], got {numbers.size()}")
    for i in range(4):
        box[i] = numbers[i]
    return True


cdef class Keypoints:
    """Keypoints of all records in one array (rows, K, kept); `kept` of the three numbers of each point are looked at."""
    cdef object array
    cdef double[:, :, ::1] values
    cdef Py_ssize_t rows
    cdef int kept

    def __cinit__(self, Py_ssize_t rows, int kept):
        self.array = None
        self.rows = rows
        self.kept = kept

    cdef int put(self, Py_ssize_t row, object value, Place place) except -1:
        cdef list numbers = list_of_numbers(value, place, "keypoints")
        cdef Py_ssize_t i, k, count = PyList_GET_SIZE(numbers)
        cdef PyObject* item
        if count % 3 != 0:
            raise place.error("keypoints", "expected three numbers for each point")
        if self.array is None:
            self.array = np.zeros((self.rows, count // 3, self.kept))
            self.values = self.array
        if count != 3 * self.values.shape[1]:
            raise place.error(
                "keypoints", f"expected {self.values.shape[1]} points like the records before it, got {count // 3}")
        for i in range(count // 3):
            for k in range(self.kept):
                item = PyList_GET_ITEM(numbers, 3 * i + k)
                if PyFloat_CheckExact(<object>item):
                    self.values[row, i, k] = PyFloat_AS_DOUBLE(<object>item)
                else:
                    self.values[row, i, k] = to_double(<object>item, place, "keypoints")
        return 0


cdef class Masks:
    """Segmentations in the form of kernels/masks.hpp: MaskColumn."""
    cdef MaskBuilder builder
    cdef vector[double] coordinates
    cdef vector[uint32_t] runs

    cdef int put(self, object value, Place place) except -1:
        if PyDict_Check(value):
            return self.put_run_lengths(value, place)
        if not isinstance(value, (list, tuple)):
            raise place.got("segmentation", "a list of polygons or a dict with size and counts", value)
        self.builder.begin_polygons()
        for polygon in value:
            self.coordinates.clear()
            read_numbers(polygon, self.coordinates, place, "segmentation")
            self.builder.add_polygon(DoubleView(self.coordinates.data(), self.coordinates.size()))
        self.builder.end_polygons()
        return 0

    cdef int put_run_lengths(self, dict value, Place place) except -1:
        cdef Py_ssize_t length = 0
        cdef const char* characters
        size = value.get("size")
        counts = value.get("counts")
        if size is None or counts is None:
            raise place.got("segmentation", "a dict with size and counts", value)
        self.runs.clear()
        self.put_uint32s(size, place, "segmentation.size")
        if self.runs.size() != 2:
            raise place.got("segmentation.size", "[height, width]", size)
        cdef uint32_t height = self.runs[0]
        cdef uint32_t width = self.runs[1]
        if isinstance(counts, bytes):
            self.builder.add_string(string_view(PyBytes_AS_STRING(counts), PyBytes_GET_SIZE(counts)), height, width)
        elif isinstance(counts, str):
            characters = PyUnicode_AsUTF8AndSize(counts, &length)
            self.builder.add_string(string_view(characters, length), height, width)
        else:
            self.runs.clear()
            self.put_uint32s(counts, place, "segmentation.counts")
            self.builder.add_counts(UInt32View(self.runs.data(), self.runs.size()), height, width)
        return 0

    cdef int put_uint32s(self, object values, Place place, str field) except -1:
        cdef int64_t number
        if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
            raise place.got(field, "a list of integers", values)
        for value in (values.tolist() if hasattr(values, "tolist") else values):
            number = to_int64(value, place, field, "an integer from 0 to 4294967295")
            if number < 0 or number > 4294967295:
                raise place.got(field, "an integer from 0 to 4294967295", value)
            self.runs.push_back(<uint32_t>number)
        return 0

    cdef int put_missing(self) except -1:
        self.builder.add_missing()
        return 0

    cdef dict column(self):
        cdef size_t rows = self.builder.kind.size()
        return {
            "kind": copy_bytes(self.builder.kind.data(), rows, np.uint8),
            "offset": copy_bytes(self.builder.offset.data(), (rows + 1) * 8, np.uint64),
            "payload": copy_bytes(self.builder.payload.data(), self.builder.payload.size(), np.uint8),
            "height": copy_bytes(self.builder.height.data(), rows * 4, np.uint32),
            "width": copy_bytes(self.builder.width.data(), rows * 4, np.uint32),
        }


cdef object copy_bytes(const void* data, size_t size, object dtype):
    array = np.empty(size, dtype=np.uint8)
    cdef uint8_t[::1] view = array
    if size > 0:
        memcpy(&view[0], data, size)
    return array.view(dtype)


cdef dict record_at(list records, Py_ssize_t row, Place place):
    place.row = row
    record = <object>PyList_GET_ITEM(records, row)
    if not PyDict_Check(record):
        raise ValueError(f"{place.array}[{row}]: expected a dict, got {type(record).__name__}")
    if row % RECORDS_BETWEEN_SIGNAL_CHECKS == 0:
        PyErr_CheckSignals()
    return <dict>record


cdef object required(dict record, str field, Place place):
    cdef PyObject* value = PyDict_GetItemWithError(record, field)
    if value is NULL:
        raise place.error(field, "missing")
    return <object>value


def detections_from_list(list records, *, bint bbox, bint segmentation, bint keypoints):
    """The columns of ``_core.records.read_detections``, from what ``json.load`` gives of a results file."""
    cdef Py_ssize_t row, i
    cdef Py_ssize_t count = PyList_GET_SIZE(records)
    cdef Place place = Place("detections")
    cdef Ids image_id = Ids(count, "image_id")
    cdef Ids category_id = Ids(count, "category_id")
    cdef Masks masks = Masks()
    cdef Keypoints points = Keypoints(count, 2)
    cdef PyObject* value
    cdef dict record
    cdef uint16_t found
    cdef bint is_complete
    score_array = np.empty(count)
    bbox_array = np.empty((count if bbox else 0, 4))
    presence_array = np.empty(count, dtype=np.uint16)
    cdef double[::1] scores = score_array
    cdef double[:, ::1] boxes = bbox_array
    cdef uint16_t[::1] presence = presence_array

    for row in range(count):
        record = record_at(records, row, place)
        image_id.put(row, required(record, "image_id", place), place)
        category_id.put(row, required(record, "category_id", place), place)
        scores[row] = to_double(required(record, "score", place), place, "score")
        found = has_image_id | has_category_id | has_score
        value = PyDict_GetItemWithError(record, "bbox")
        if value is not NULL and not bbox:
            if not (isinstance(<object>value, (list, tuple)) and len(<object>value) == 0):
                found |= has_bbox
        elif bbox:
            if value is not NULL and read_bbox(<object>value, &boxes[row, 0], place):
                found |= has_bbox
            else:
                for i in range(4):
                    boxes[row, i] = NAN
        # Most records have four keys: then there is nothing left to look for.
        is_complete = value is not NULL and PyDict_Size(record) == 4
        value = NULL
        if not is_complete:
            value = PyDict_GetItemWithError(record, "segmentation")
        if value is not NULL:
            found |= has_segmentation
        if segmentation:
            if value is not NULL:
                masks.put(<object>value, place)
            else:
                masks.put_missing()
        value = NULL
        if not is_complete:
            value = PyDict_GetItemWithError(record, "keypoints")
        if value is not NULL:
            found |= has_keypoints
            if keypoints:
                points.put(row, <object>value, place)
        presence[row] = found
    return {
        "image_id": image_id.column(),
        "category_id": category_id.column(),
        "score": score_array,
        "bbox": bbox_array if bbox else None,
        "masks": masks.column() if segmentation else None,
        "keypoints": points.array,
        "presence": presence_array,
    }


cdef list list_at(dict ground_truth, str key, bint is_required):
    if key not in ground_truth:
        if is_required:
            raise ValueError(f"ground truth: has no '{key}'")
        return []
    values = ground_truth[key]
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"{key}: expected a list, got {type(values).__name__}")
    return values if isinstance(values, list) else list(values)


cdef int64_t side_of(dict image, str field, Place place) except? -2:
    """-1 where the image has none: only masks need the size, and then its absence is reported."""
    cdef int64_t side
    value = image.get(field)
    if value is None:
        return -1
    side = to_int64(value, place, field, "an integer >= 0")
    if side < 0:
        raise place.got(field, "an integer >= 0", value)
    return side


cdef uint8_t flag_of(PyObject* value, Place place, str field) except? 2:
    if value is NULL:
        return 0
    if <object>value is True or <object>value is False:
        return <object>value is True
    return to_int64(<object>value, place, field, "0 or 1") != 0


cdef tuple id_lists(list records, str field, Place place):
    """Offsets, ids, and which records had a list: the ids that each record lists under ``field``."""
    cdef Py_ssize_t row, i, count = 0
    cdef dict record
    cdef list lists = []
    offset = np.zeros(PyList_GET_SIZE(records) + 1, dtype=np.int64)
    listed = np.zeros(PyList_GET_SIZE(records), dtype=np.uint8)
    for row in range(PyList_GET_SIZE(records)):
        record = record_at(records, row, place)
        values = record.get(field, ())
        if field in record:
            listed[row] = 1
            if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
                raise place.got(field, "a list of ids", values)
            values = values.tolist() if hasattr(values, "tolist") else values
        lists.append(values)
        count += len(values)
        offset[row + 1] = count
    cdef Ids ids = Ids(count, field)
    i = 0
    for row in range(PyList_GET_SIZE(records)):
        place.row = row
        for value in lists[row]:
            ids.put(i, value, place)
            i += 1
    return offset, ids.column(), listed


def ground_truth_from_dict(dict ground_truth, *, bint bbox, bint segmentation, bint keypoints, bint federated):
    """The columns of ``_core.records.read_ground_truth``, from what ``json.load`` gives of an annotation file."""
    cdef list images = list_at(ground_truth, "images", True)
    cdef list categories = list_at(ground_truth, "categories", True)
    cdef Py_ssize_t row
    cdef Py_ssize_t image_count = PyList_GET_SIZE(images)
    cdef Py_ssize_t category_count = PyList_GET_SIZE(categories)
    cdef Ids image_ids = Ids(image_count, "id")
    cdef Ids category_ids = Ids(category_count, "id")
    cdef Place place = Place("images")
    cdef dict record
    heights_array = np.empty(image_count, dtype=np.int64)
    widths_array = np.empty(image_count, dtype=np.int64)
    cdef int64_t[::1] heights = heights_array
    cdef int64_t[::1] widths = widths_array
    for row in range(image_count):
        record = record_at(images, row, place)
        image_ids.put(row, required(record, "id", place), place)
        heights[row] = side_of(record, "height", place)
        widths[row] = side_of(record, "width", place)
    lists = {field: id_lists(images if federated else [], field, place)
             for field in ("neg_category_ids", "not_exhaustive_category_ids")}

    place = Place("categories")
    names = []
    frequencies = []
    for row in range(category_count):
        record = record_at(categories, row, place)
        category_ids.put(row, required(record, "id", place), place)
        name = record.get("name")
        names.append(name if isinstance(name, str) else "")
        frequency = record.get("frequency")
        frequencies.append(frequency if isinstance(frequency, str) else "")

    columns = annotation_columns(list_at(ground_truth, "annotations", False), bbox, segmentation, keypoints)
    columns["image_ids"] = image_ids.column()
    columns["image_heights"] = heights_array
    columns["image_widths"] = widths_array
    columns["category_ids"] = category_ids.column()
    columns["category_names"] = names
    columns["category_frequencies"] = frequencies if federated else []
    columns.update(lists)
    return columns


cdef dict annotation_columns(list annotations, bint bbox, bint segmentation, bint keypoints):
    cdef Py_ssize_t row, i
    cdef Py_ssize_t count = PyList_GET_SIZE(annotations)
    cdef Place place = Place("annotations")
    cdef Ids image_id = Ids(count, "image_id")
    cdef Ids category_id = Ids(count, "category_id")
    cdef Masks masks = Masks()
    cdef Keypoints points = Keypoints(count, 3)
    cdef PyObject* value
    cdef dict record
    cdef uint16_t found
    cdef dict code_of_other = {}
    ids_array = np.empty(count, dtype=np.int64)
    bbox_array = np.empty((count if bbox else 0, 4))
    area_array = np.empty(count)
    iscrowd_array = np.empty(count, dtype=np.uint8)
    ignore_array = np.empty(count, dtype=np.uint8)
    num_keypoints_array = np.zeros(count if keypoints else 0, dtype=np.int64)
    presence_array = np.empty(count, dtype=np.uint16)
    cdef int64_t[::1] ids = ids_array
    cdef double[:, ::1] boxes = bbox_array
    cdef double[::1] areas = area_array
    cdef uint8_t[::1] iscrowd = iscrowd_array
    cdef uint8_t[::1] ignore = ignore_array
    cdef int64_t[::1] num_keypoints = num_keypoints_array
    cdef uint16_t[::1] presence = presence_array

    for row in range(count):
        record = record_at(annotations, row, place)
        image_id.put(row, required(record, "image_id", place), place)
        category_id.put(row, required(record, "category_id", place), place)
        found = has_image_id | has_category_id

        value = PyDict_GetItemWithError(record, "id")
        if value is not NULL:
            found |= has_id
        ids[row] = annotation_id(value, code_of_other)

        if bbox:
            value = PyDict_GetItemWithError(record, "bbox")
            if value is not NULL and read_bbox(<object>value, &boxes[row, 0], place):
                found |= has_bbox
            else:
                for i in range(4):
                    boxes[row, i] = NAN
        value = PyDict_GetItemWithError(record, "area")
        if value is NULL:
            areas[row] = NAN
        else:
            found |= has_area
            areas[row] = to_double(<object>value, place, "area")
        value = PyDict_GetItemWithError(record, "iscrowd")
        if value is not NULL:
            found |= has_iscrowd
        iscrowd[row] = flag_of(value, place, "iscrowd")
        ignore[row] = flag_of(PyDict_GetItemWithError(record, "ignore"), place, "ignore")
        if segmentation:
            value = PyDict_GetItemWithError(record, "segmentation")
            if value is NULL:
                masks.put_missing()
            else:
                found |= has_segmentation
                masks.put(<object>value, place)
        if keypoints:
            value = PyDict_GetItemWithError(record, "keypoints")
            if value is not NULL:
                found |= has_keypoints
                points.put(row, <object>value, place)
            value = PyDict_GetItemWithError(record, "num_keypoints")
            if value is not NULL:
                found |= has_num_keypoints
                num_keypoints[row] = to_int64(<object>value, place, "num_keypoints", "an integer")
        presence[row] = found
    return {
        "id": ids_array,
        "image_id": image_id.column(),
        "category_id": category_id.column(),
        "bbox": bbox_array if bbox else None,
        "area": area_array,
        "iscrowd": iscrowd_array,
        "ignore": ignore_array,
        "masks": masks.column() if segmentation else None,
        "keypoints": points.array,
        "num_keypoints": num_keypoints_array,
        "presence": presence_array,
    }


cdef int64_t annotation_id(PyObject* value, dict code_of_other) except? -1:
    """Only whether two ids are equal and whether one is 0 matters: what is no int64 gets a code from the negative end."""
    cdef int overflow = 0
    cdef long long number
    if value is NULL:
        key = object()  # equal to no other
    else:
        if PyLong_CheckExact(<object>value):
            number = PyLong_AsLongLongAndOverflow(<object>value, &overflow)
            if overflow == 0:
                return number
        key = <object>value
        if not isinstance(key, str):
            try:
                if key == 0:
                    return 0
                if int(key) == key:
                    number = PyLong_AsLongLongAndOverflow(int(key), &overflow)
                    if overflow == 0:
                        return number
            except (TypeError, ValueError, OverflowError):
                key = repr(key)
    return code_of_other.setdefault(key, -2**63 + len(code_of_other))
