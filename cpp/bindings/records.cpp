#include "kernels/records.hpp"

#include <algorithm>

#include <pybind11/stl.h>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// The caller's readinto(memoryview) -> int, called from whichever thread reads the next block.
auto reader_of(const py::function& readinto) {
    return [&readinto](char* destination, Index capacity) -> Index {
        const py::gil_scoped_acquire gil;
        const py::memoryview buffer = py::memoryview::from_memory(destination, capacity);
        const py::object count = readinto(buffer);
        buffer.attr("release")();  // nobody may look at it once the reader has moved on
        const Index got = py::isinstance<py::int_>(count) ? count.cast<Index>() : Index{-1};
        if (got < 0 || got > capacity) {
            throw_value_error("readinto: expected 0 to " + std::to_string(capacity) + " bytes, got " +
                              py::repr(count).cast<std::string>());
        }
        return got;
    };
}

// As json.loads of bytes: lone surrogates pass. A null object means that this is no UTF-8.
py::object decode(const std::string& text) {
    PyObject* const decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "surrogatepass");
    if (decoded == nullptr) PyErr_Clear();
    return py::reinterpret_steal<py::object>(decoded);
}

py::tuple id_column(records::IdColumn&& column, const char* array, const char* field) {
    if (!column.is_text()) return py::make_tuple(to_numpy(std::move(column.values())), py::none());
    py::list texts;
    for (const std::string& text : column.texts()) {
        const py::object decoded = decode(text);
        if (!decoded) {
            const auto& values = column.values();
            const auto row = std::find(values.begin(), values.end(), static_cast<std::int64_t>(texts.size()));
            throw_value_error(std::string(array) + "[" + std::to_string(row - values.begin()) + "]." + field +
                              ": the text is not UTF-8");
        }
        texts.append(decoded);
    }
    return py::make_tuple(to_numpy(std::move(column.values())), texts);
}

// Offsets, ids, and which records had a list.
py::tuple id_lists(records::IdLists&& lists, const char* field) {
    return py::make_tuple(to_numpy(std::move(lists.offset())), id_column(std::move(lists.ids()), "images", field),
                          to_numpy(std::move(lists.listed())));
}

py::list name_column(const std::vector<std::string>& names, const char* field) {
    py::list texts;
    for (const std::string& name : names) {
        const py::object decoded = decode(name);
        if (!decoded) {
            throw_value_error("categories[" + std::to_string(texts.size()) + "]." + field + ": the text is not UTF-8");
        }
        texts.append(decoded);
    }
    return texts;
}

py::dict mask_column(records::MaskBuilder&& masks) {
    masks.payload.resize(static_cast<std::size_t>(masks.offset.back()));
    static_assert(sizeof(std::byte) == sizeof(std::uint8_t));
    auto* owner = new std::vector<std::byte>(std::move(masks.payload));
    const py::capsule free_when_done(owner,
                                     [](void* pointer) { delete static_cast<std::vector<std::byte>*>(pointer); });
    py::dict columns;
    columns["kind"] = to_numpy(std::move(masks.kind));
    columns["offset"] = to_numpy(std::move(masks.offset));
    columns["payload"] = py::array_t<std::uint8_t>(
        static_cast<py::ssize_t>(owner->size()), reinterpret_cast<const std::uint8_t*>(owner->data()), free_when_done);
    columns["height"] = to_numpy(std::move(masks.height));
    columns["width"] = to_numpy(std::move(masks.width));
    return columns;
}

// (N, 4), or None if boxes were not asked for.
py::object box_column(std::vector<double>&& bbox, bool wanted) {
    if (!wanted) return py::none();
    const auto rows = static_cast<py::ssize_t>(bbox.size() / 4);
    return to_numpy(std::move(bbox)).reshape({rows, py::ssize_t{4}});
}

// (N, K, values), or None if no record had keypoints.
py::object keypoint_column(std::vector<double>&& keypoints, std::size_t rows, Index count, py::ssize_t values) {
    if (count < 0) return py::none();
    return to_numpy(std::move(keypoints))
        .reshape({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(count), values});
}

py::dict read_detections(const py::function& readinto, bool bbox, bool segmentation, bool keypoints, int num_threads,
                         std::uint64_t size_hint) {
    const records::ReadOptions options{bbox, segmentation, keypoints, false, num_threads, size_hint};
    records::DetectionColumns columns;
    {
        const auto read = reader_of(readinto);
        const py::gil_scoped_release release;
        columns = records::read_detections(read, options);
    }
    const std::size_t rows = columns.presence.size();
    py::dict result;
    result["image_id"] = id_column(std::move(columns.image_id), "detections", "image_id");
    result["category_id"] = id_column(std::move(columns.category_id), "detections", "category_id");
    result["score"] = to_numpy(std::move(columns.score));
    result["bbox"] = box_column(std::move(columns.bbox), bbox);
    result["masks"] = segmentation ? py::object(mask_column(std::move(columns.masks))) : py::none();
    result["keypoints"] = keypoint_column(std::move(columns.keypoints), rows, columns.keypoint_count, 2);
    result["presence"] = to_numpy(std::move(columns.presence));
    return result;
}

py::dict read_ground_truth(const py::function& readinto, bool bbox, bool segmentation, bool keypoints, bool federated,
                           int num_threads, std::uint64_t size_hint) {
    const records::ReadOptions options{bbox, segmentation, keypoints, federated, num_threads, size_hint};
    records::GroundTruthColumns columns;
    {
        const auto read = reader_of(readinto);
        const py::gil_scoped_release release;
        columns = records::read_ground_truth(read, options);
    }
    const std::size_t rows = columns.presence.size();
    py::dict result;
    result["image_ids"] = id_column(std::move(columns.image_ids), "images", "id");
    result["image_heights"] = to_numpy(std::move(columns.image_heights));
    result["image_widths"] = to_numpy(std::move(columns.image_widths));
    result["category_ids"] = id_column(std::move(columns.category_ids), "categories", "id");
    result["category_names"] = name_column(columns.category_names, "name");
    result["neg_category_ids"] = id_lists(std::move(columns.negative_categories), "neg_category_ids");
    result["not_exhaustive_category_ids"] =
        id_lists(std::move(columns.not_exhaustive_categories), "not_exhaustive_category_ids");
    result["category_frequencies"] = name_column(columns.category_frequencies, "frequency");
    result["id"] = to_numpy(std::move(columns.id));
    result["image_id"] = id_column(std::move(columns.image_id), "annotations", "image_id");
    result["category_id"] = id_column(std::move(columns.category_id), "annotations", "category_id");
    result["bbox"] = box_column(std::move(columns.bbox), bbox);
    result["area"] = to_numpy(std::move(columns.area));
    result["iscrowd"] = to_numpy(std::move(columns.iscrowd));
    result["ignore"] = to_numpy(std::move(columns.ignore));
    result["masks"] = segmentation ? py::object(mask_column(std::move(columns.masks))) : py::none();
    result["keypoints"] = keypoint_column(std::move(columns.keypoints), rows, columns.keypoint_count, 3);
    result["num_keypoints"] = to_numpy(std::move(columns.num_keypoints));
    result["presence"] = to_numpy(std::move(columns.presence));
    return result;
}

Array<std::int32_t> index_of(const Array<std::int64_t>& ids, const Array<std::int64_t>& known) {
    const auto id_view = view1(ids, "ids");
    const auto known_view = view1(known, "known");
    Array<std::int32_t> position(ids.size());
    const auto output = mutable_view1(position);
    const py::gil_scoped_release release;
    records::index_of(id_view, known_view, output);
    return position;
}

// Place of each id in `known`, which is in any order; and the first row whose id is not there, or -1.
py::tuple index_of_any_order(const Array<std::int64_t>& ids, const std::vector<std::int64_t>& known) {
    const auto id_view = view1(ids, "ids");
    Array<std::int32_t> position(ids.size());
    const auto output = mutable_view1(position);
    records::index_of_any_order(id_view, {known.data(), known.size()}, output);
    const auto unknown = std::find(output.begin(), output.end(), -1);
    return py::make_tuple(position, unknown == output.end() ? Index{-1} : unknown - output.begin());
}

// The last row of each id, or None if no id repeats.
py::object last_row_of_id(const Array<std::int64_t>& ids) {
    const auto id_view = view1(ids, "ids");
    Array<std::int64_t> row(ids.size());
    const auto output = mutable_view1(row);
    bool repeats;
    {
        const py::gil_scoped_release release;
        repeats = records::last_row_of_id(id_view, output);
    }
    return repeats ? py::object(row) : py::none();
}

}  // namespace

void bind_records(py::module_ module) {
    module.def("read_detections", &read_detections, py::arg("readinto"), py::kw_only(), py::arg("bbox"),
               py::arg("segmentation"), py::arg("keypoints"), py::arg("num_threads"), py::arg("size_hint"));
    module.def("read_ground_truth", &read_ground_truth, py::arg("readinto"), py::kw_only(), py::arg("bbox"),
               py::arg("segmentation"), py::arg("keypoints"), py::arg("federated"), py::arg("num_threads"),
               py::arg("size_hint"));
    module.def("index_of", &index_of, py::arg("ids").noconvert(), py::arg("known").noconvert());
    module.def("index_of_any_order", &index_of_any_order, py::arg("ids").noconvert(), py::arg("known"));
    module.def("last_row_of_id", &last_row_of_id, py::arg("ids").noconvert());

    py::dict presence;
    presence["bbox"] = int{records::has_bbox};
    presence["segmentation"] = int{records::has_segmentation};
    presence["keypoints"] = int{records::has_keypoints};
    presence["area"] = int{records::has_area};
    presence["iscrowd"] = int{records::has_iscrowd};
    presence["num_keypoints"] = int{records::has_num_keypoints};
    presence["id"] = int{records::has_id};
    module.attr("presence") = presence;
}

}  // namespace metrix::bindings
