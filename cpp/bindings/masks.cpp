#include "kernels/masks.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <span>

#include "bindings/convert.hpp"
#include "bindings/masks_records.hpp"
#include "support/parallel.hpp"

namespace metrix::bindings {
namespace {

using masks::Problem;
using masks::RunLengths;
using masks::Scratch;

// Threads are worth starting for this much work: bytes read or written, roughly a nanosecond each.
constexpr std::size_t work_per_thread = 100'000;

int useful_threads(int num_threads, std::size_t work) {
    return static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(num_threads), work / work_per_thread + 1));
}

void refuse(const char* name, Index i, const std::string& problem) {
    throw_value_error(std::string(name) + "[" + std::to_string(i) + "]: " + problem);
}

// Calls make(i, scratch) for every i, which gives the i-th mask, and returns all of them as dicts.
template <class Make>
py::list to_dicts(Index count, int num_threads, Make make) {
    struct Made {
        std::uint32_t height, width;
        std::string counts;
    };
    std::vector<Made> made(static_cast<std::size_t>(count));
    {
        const py::gil_scoped_release release;
        std::vector<Scratch> scratches(static_cast<std::size_t>(num_threads));
        parallel_for(count, num_threads, [&](Index i, int thread) {
            Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
            scratch.clear();
            const RunLengths mask = make(i, scratch);
            made[i].height = mask.height;
            made[i].width = mask.width;
            masks::to_string(mask.counts, made[i].counts);
        });
    }
    py::list dicts(made.size());
    for (std::size_t i = 0; i < made.size(); ++i) dicts[i] = to_dict(made[i].height, made[i].width, made[i].counts);
    return dicts;
}

// pixels: (H, W, N), any strides.
masks::Pixels pixels_of(const py::array_t<std::uint8_t>& pixels) {
    if (pixels.ndim() != 3) throw_value_error("masks: expected shape (H, W, N), got " + shape_text(pixels));
    const masks::Pixels view{pixels.data(),     pixels.shape(0),   pixels.shape(1),  pixels.shape(2),
                             pixels.strides(0), pixels.strides(1), pixels.strides(2)};
    constexpr std::uint64_t most_pixels = std::numeric_limits<std::uint32_t>::max();
    const auto height = static_cast<std::uint64_t>(view.height);
    const auto width = static_cast<std::uint64_t>(view.width);
    if (height > most_pixels || width > most_pixels || height * width > most_pixels) {
        throw_value_error("masks: expected fewer than 2^32 pixels per mask, got " + shape_text(pixels));
    }
    return view;
}

py::list encode(const py::array_t<std::uint8_t>& pixels, int num_threads) {
    const masks::Pixels view = pixels_of(pixels);
    const int threads = useful_threads(num_threads, static_cast<std::size_t>(pixels.size()) / 8);
    return to_dicts(view.count, threads, [&](Index i, Scratch& scratch) { return masks::encode(view, i, scratch); });
}

// The same as the arrays of a MaskColumn, of plain run lengths.
py::tuple encode_column(const py::array_t<std::uint8_t>& pixels, int num_threads) {
    const masks::Pixels view = pixels_of(pixels);
    const auto count = static_cast<std::size_t>(view.count);
    std::vector<std::vector<std::uint32_t>> runs(count);
    const int threads = useful_threads(num_threads, static_cast<std::size_t>(pixels.size()) / 8);
    {
        const py::gil_scoped_release release;
        std::vector<Scratch> scratches(static_cast<std::size_t>(threads));
        parallel_for(view.count, threads, [&](Index i, int thread) {
            Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
            scratch.clear();
            const auto counts = masks::encode(view, i, scratch).counts;
            runs[static_cast<std::size_t>(i)].assign(counts.begin(), counts.end());
        });
    }
    MaskRecords records;
    for (const auto& counts : runs) {
        for (const std::uint32_t run : counts) {
            for (int shift = 0; shift < 32; shift += 8) {
                records.payload.push_back(static_cast<std::byte>(run >> shift & 0xFF));
            }
        }
        records.close(masks::MaskKind::counts, static_cast<std::uint32_t>(view.height),
                      static_cast<std::uint32_t>(view.width));
    }
    std::vector<std::uint8_t> payload(records.payload.size());
    if (!payload.empty()) std::memcpy(payload.data(), records.payload.data(), payload.size());
    return py::make_tuple(to_numpy(std::move(records.kind)), to_numpy(std::move(records.offset)),
                          to_numpy(std::move(payload)), to_numpy(std::move(records.height)),
                          to_numpy(std::move(records.width)));
}

// (H, W, N), column-major.
py::array_t<std::uint8_t> decode(const py::object& dicts, int num_threads) {
    const MaskRecords records = read_masks(dicts, "masks");
    const masks::MaskColumn column = records.column();
    const Index count = records.size();
    const std::uint32_t height = count > 0 ? records.height[0] : 0;
    const std::uint32_t width = count > 0 ? records.width[0] : 0;
    const std::uint64_t size = static_cast<std::uint64_t>(height) * width;
    for (Index i = 0; i < count; ++i) {
        if (records.height[i] != height || records.width[i] != width) {
            refuse("masks", i,
                   "expected the size of masks[0], [" + std::to_string(height) + ", " + std::to_string(width) +
                       "], got [" + std::to_string(records.height[i]) + ", " + std::to_string(records.width[i]) + "]");
        }
    }
    if (size > std::numeric_limits<std::uint32_t>::max()) refuse("masks", 0, "has 2^32 pixels or more");
    const int threads = useful_threads(num_threads, size / 8 * static_cast<std::size_t>(count));
    const auto all = [&](auto&& body) {
        const py::gil_scoped_release release;
        std::vector<Scratch> scratches(static_cast<std::size_t>(threads));
        parallel_for(count, threads, [&](Index i, int thread) {
            Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
            scratch.clear();
            body(i, masks::expand(column, i, scratch));
        });
    };
    // What a few characters claim is checked before memory is taken for it.
    all([&](Index i, const RunLengths& mask) {
        std::uint64_t total = 0;
        for (const std::uint32_t run : mask.counts) total += run;
        if (total != size) {
            refuse("masks", i,
                   "its runs sum to " + std::to_string(total) + ", not to height * width = " + std::to_string(size));
        }
    });
    const std::vector<py::ssize_t> shape{height, width, count};
    const std::vector<py::ssize_t> strides{1, height, static_cast<py::ssize_t>(size)};
    py::array_t<std::uint8_t> pixels(shape, strides);
    std::uint8_t* const data = pixels.mutable_data();
    all([&](Index i, const RunLengths& mask) {
        const Problem problem = masks::decode(mask, {data + static_cast<std::uint64_t>(i) * size, size});
        if (problem != nullptr) refuse("masks", i, problem);
    });
    return pixels;
}

py::array_t<std::uint32_t> area(const py::object& dicts, int num_threads) {
    const MaskRecords records = read_masks(dicts, "masks");
    Array<std::uint32_t> areas(records.size());
    const auto output = mutable_view1(areas);
    {
        const py::gil_scoped_release release;
        masks::area(records.column(), useful_threads(num_threads, records.payload.size()), output);
    }
    return areas;
}

py::array_t<double> to_boxes(const py::object& dicts, int num_threads) {
    const MaskRecords records = read_masks(dicts, "masks");
    Array<double> boxes({records.size(), Index{4}});
    const auto output = mutable_view2(boxes);
    {
        const py::gil_scoped_release release;
        masks::to_boxes(records.column(), useful_threads(num_threads, records.payload.size()), output);
    }
    return boxes;
}

py::array_t<double> iou(const py::object& detections, const py::object& ground_truth, const Array<std::uint8_t>& crowd,
                        int num_threads) {
    const MaskRecords of_detections = read_masks(detections, "detections");
    const MaskRecords of_ground_truth = read_masks(ground_truth, "ground_truth");
    const View1<const std::uint8_t> is_crowd = view1(crowd, "crowd");
    if (metrix::ssize(is_crowd) != of_ground_truth.size()) {
        throw_value_error("crowd: expected " + std::to_string(of_ground_truth.size()) + " elements, got " +
                          std::to_string(is_crowd.size()));
    }
    Array<double> result({of_detections.size(), of_ground_truth.size()});
    const auto output = mutable_view2(result);
    const std::size_t pairs = static_cast<std::size_t>(output.size());
    const std::size_t work = of_detections.payload.size() + of_ground_truth.payload.size() + 10 * pairs;
    {
        const py::gil_scoped_release release;
        masks::iou(of_detections.column(), of_ground_truth.column(), is_crowd, useful_threads(num_threads, work),
                   output);
    }
    return result;
}

py::dict merge(const py::object& dicts, bool intersect) {
    const MaskRecords records = read_masks(dicts, "masks");
    const masks::MaskColumn column = records.column();
    std::string text;
    RunLengths merged;
    {
        const py::gil_scoped_release release;
        Scratch scratch;
        std::vector<RunLengths> parts(records.kind.size());
        for (Index i = 0; i < records.size(); ++i) parts[i] = masks::expand(column, i, scratch);
        Index at_fault = 0;
        const Problem problem = masks::merge(parts, intersect, scratch, merged, at_fault);
        if (problem != nullptr) refuse("masks", at_fault, problem);
        masks::to_string(merged.counts, text);
    }
    return to_dict(merged.height, merged.width, text);
}

// distance 0: by the ratio.
py::list boundary(const py::object& dicts, double dilation_ratio, std::uint32_t distance, int num_threads) {
    const MaskRecords records = read_masks(dicts, "masks");
    const masks::MaskColumn column = records.column();
    std::size_t pixels = 0;
    for (std::size_t i = 0; i < records.height.size(); ++i) {
        pixels += static_cast<std::size_t>(records.height[i]) * records.width[i];
    }
    return to_dicts(records.size(), useful_threads(num_threads, pixels / 8), [&](Index i, Scratch& scratch) {
        const RunLengths mask = masks::expand(column, i, scratch);
        const std::uint32_t width =
            distance > 0 ? distance : masks::boundary_distance(mask.height, mask.width, dilation_ratio);
        RunLengths result;
        if (const Problem problem = masks::boundary(mask, width, scratch, result)) refuse("masks", i, problem);
        return result;
    });
}

// Run lengths and strings of any kind to strings.
py::list compress(const py::object& dicts, int num_threads) {
    const MaskRecords records = read_masks(dicts, "objects");
    const masks::MaskColumn column = records.column();
    return to_dicts(records.size(), useful_threads(num_threads, records.payload.size()),
                    [&](Index i, Scratch& scratch) { return masks::expand(column, i, scratch, "objects"); });
}

// The coordinates of one polygon: a flat sequence of numbers, or an array (K,) or (K, 2).
void append_polygon(py::handle polygon, std::size_t index, std::vector<double>& coordinates) {
    const std::size_t start = coordinates.size();
    bool plain = PyList_CheckExact(polygon.ptr()) || PyTuple_CheckExact(polygon.ptr());
    if (plain) {
        const auto numbers = py::reinterpret_steal<py::tuple>(PySequence_Tuple(polygon.ptr()));
        if (!numbers) throw py::error_already_set();
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            PyObject* number = PyTuple_GET_ITEM(numbers.ptr(), static_cast<py::ssize_t>(i));
            plain = PyFloat_Check(number) || PyLong_CheckExact(number);
            if (!plain) break;
            const double coordinate = PyFloat_AsDouble(number);
            if (coordinate == -1 && PyErr_Occurred() != nullptr) {
                PyErr_Clear();
                refuse("polygons", static_cast<Index>(index), "coordinate " + std::to_string(i) + " is too large");
            }
            coordinates.push_back(coordinate);
        }
    }
    if (plain) return;
    coordinates.resize(start);
    const auto array = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(polygon);
    const bool flat = array && array.ndim() == 1;
    if (!flat && !(array && array.ndim() == 2 && array.shape(1) == 2)) {
        PyErr_Clear();
        const std::string got = array ? "shape " + shape_text(array) : type_name(polygon);
        refuse("polygons", static_cast<Index>(index), "expected x0, y0, x1, y1, ... or shape (K, 2), got " + got);
    }
    coordinates.insert(coordinates.end(), array.data(), array.data() + array.size());
}

py::list from_polygons(const py::list& polygons, std::uint32_t height, std::uint32_t width, int num_threads) {
    std::vector<double> coordinates;
    std::vector<std::size_t> offsets{0};
    for (std::size_t i = 0; i < polygons.size(); ++i) {
        append_polygon(polygons[i], i, coordinates);
        offsets.push_back(coordinates.size());
    }
    const int threads = useful_threads(num_threads, 32 * coordinates.size());
    return to_dicts(static_cast<Index>(polygons.size()), threads, [&](Index i, Scratch& scratch) {
        const View1<const double> polygon{coordinates.data() + offsets[i], offsets[i + 1] - offsets[i]};
        RunLengths mask;
        const Problem problem = masks::from_polygon(polygon, height, width, scratch, mask);
        if (problem != nullptr) refuse("polygons", i, problem);
        return mask;
    });
}

py::list from_boxes(const Array<double>& boxes, std::uint32_t height, std::uint32_t width, int num_threads) {
    const auto input = view2(boxes, "boxes", 4);
    const int threads = useful_threads(num_threads, 200 * static_cast<std::size_t>(input.rows));
    return to_dicts(input.rows, threads, [&](Index i, Scratch& scratch) {
        RunLengths mask;
        const Problem problem = masks::from_box({input.row(i), 4}, height, width, scratch, mask);
        if (problem != nullptr) refuse("boxes", i, problem);
        return mask;
    });
}

py::bytes to_string(const Array<std::uint32_t>& counts) {
    std::string text;
    masks::to_string(view1(counts, "counts"), text);
    return text;
}

py::array_t<std::uint32_t> from_string(std::string_view text) {
    Scratch scratch;
    View1<const std::uint32_t> counts;
    if (const Problem problem = masks::from_string({text.data(), text.size()}, scratch, counts)) {
        throw_value_error(std::string("text: ") + problem);
    }
    Array<std::uint32_t> result(metrix::ssize(counts));
    std::copy(counts.begin(), counts.end(), result.mutable_data());
    return result;
}

// ---- what record readers and the evaluation use from C++, for the tests
// ----------------------------------------------

// (kind, offset, payload, height, width), as MaskColumn.
struct ColumnArrays {
    Array<std::uint8_t> kind;
    Array<std::uint64_t> offset;
    Array<std::uint8_t> payload;
    Array<std::uint32_t> height, width;

    explicit ColumnArrays(const py::tuple& arrays)
        : kind(arrays[0]), offset(arrays[1]), payload(arrays[2]), height(arrays[3]), width(arrays[4]) {
        bool good = offset.size() == kind.size() + 1 && height.size() == kind.size() && width.size() == kind.size();
        for (Index i = 0; good && i < kind.size(); ++i) good = offset.at(i) <= offset.at(i + 1);
        if (!good || offset.at(kind.size()) > static_cast<std::uint64_t>(payload.size())) {
            throw_value_error("column: offsets do not fit");
        }
    }

    [[nodiscard]] masks::MaskColumn column() const {
        return {view1(kind, "kind"), view1(offset, "offset"), std::as_bytes(view1(payload, "payload")),
                view1(height, "height"), view1(width, "width")};
    }
};

// Of each record: height, width, run lengths.
py::list expand(const py::tuple& arrays) {
    const ColumnArrays owner(arrays);
    Scratch scratch;
    py::list expanded;
    for (Index i = 0; i < owner.kind.size(); ++i) {
        scratch.clear();
        const RunLengths mask = masks::expand(owner.column(), i, scratch);
        Array<std::uint32_t> counts(metrix::ssize(mask.counts));
        std::copy(mask.counts.begin(), mask.counts.end(), counts.mutable_data());
        expanded.append(py::make_tuple(mask.height, mask.width, counts));
    }
    return expanded;
}

std::vector<masks::ReadyMask> make_ready(const masks::MaskColumn& column, const char* name, Scratch& scratch) {
    std::vector<masks::ReadyMask> ready;
    for (Index i = 0; i < column.size(); ++i) ready.push_back(masks::make_ready(column, i, scratch, name));
    return ready;
}

// One cell of all detections and all ground truths: the overlaps, and what each mask knows of itself.
py::tuple overlap(const py::tuple& detections, const py::tuple& ground_truth, const Array<std::uint8_t>& crowd,
                  double floor) {
    const ColumnArrays of_detections(detections);
    const ColumnArrays of_ground_truth(ground_truth);
    const masks::MaskColumn detection_column = of_detections.column();
    const masks::MaskColumn ground_truth_column = of_ground_truth.column();
    Scratch scratch;
    const auto rows = make_ready(detection_column, "detections", scratch);
    const auto columns = make_ready(ground_truth_column, "ground_truth", scratch);
    Array<double> result({metrix::ssize(rows), metrix::ssize(columns)});
    masks::overlap(rows, columns, view1(crowd, "crowd"), floor, mutable_view2(result), scratch);
    py::list facts;
    for (const auto* side : {&rows, &columns}) {
        for (const masks::ReadyMask& mask : *side) {
            facts.append(
                py::make_tuple(mask.area, mask.box, mask.regular, mask.spans != nullptr, mask.bits != nullptr));
        }
    }
    return py::make_tuple(result, facts);
}

}  // namespace

void bind_masks(py::module_ module) {
    module.def("encode", &encode, py::arg("masks").noconvert(), py::arg("num_threads"));
    module.def("encode_column", &encode_column, py::arg("masks").noconvert(), py::arg("num_threads"));
    module.def("decode", &decode, py::arg("masks"), py::arg("num_threads"));
    module.def("area", &area, py::arg("masks"), py::arg("num_threads"));
    module.def("to_boxes", &to_boxes, py::arg("masks"), py::arg("num_threads"));
    module.def("iou", &iou, py::arg("detections"), py::arg("ground_truth"), py::arg("crowd").noconvert(),
               py::arg("num_threads"));
    module.def("boundary", &boundary, py::arg("masks"), py::arg("dilation_ratio"), py::arg("distance"),
               py::arg("num_threads"));
    module.def("merge", &merge, py::arg("masks"), py::arg("intersect"));
    module.def("compress", &compress, py::arg("objects"), py::arg("num_threads"));
    module.def("from_polygons", &from_polygons, py::arg("polygons"), py::arg("height"), py::arg("width"),
               py::arg("num_threads"));
    module.def("from_boxes", &from_boxes, py::arg("boxes").noconvert(), py::arg("height"), py::arg("width"),
               py::arg("num_threads"));
    module.def("to_string", &to_string, py::arg("counts").noconvert());
    module.def("from_string", &from_string, py::arg("text"));
    module.def("expand", &expand, py::arg("column"));
    module.def("overlap", &overlap, py::arg("detections"), py::arg("ground_truth"), py::arg("crowd").noconvert(),
               py::arg("floor"));
}

}  // namespace metrix::bindings
