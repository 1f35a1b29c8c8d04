#include "kernels/boxes.hpp"

#include <pybind11/stl.h>

#include <cmath>
#include <optional>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

using boxes::Format;
using Flags = Array<std::uint8_t>;

// The caller's array if there is one, checked, or a new one.
template <class T>
Array<T> result_array(const py::object& out, Index rows, Index columns) {
    if (out.is_none()) return Array<T>({rows, columns});
    if (!py::isinstance<py::array>(out)) throw py::type_error("out: expected an array");
    const auto array = py::reinterpret_borrow<py::array>(out);
    if (!py::isinstance<py::array_t<T>>(array)) {
        throw py::type_error("out: expected dtype " + std::string(py::str(py::dtype::of<T>())) + ", got " +
                             std::string(py::str(array.dtype())));
    }
    if (array.ndim() != 2 || array.shape(0) != rows || array.shape(1) != columns) {
        throw_value_error("out: expected shape (" + std::to_string(rows) + ", " + std::to_string(columns) + "), got " +
                          shape_text(array));
    }
    if ((array.flags() & py::array::c_style) == 0 || !array.writeable()) {
        throw_value_error("out: expected a writeable C-contiguous array");
    }
    return py::reinterpret_borrow<Array<T>>(array);
}

template <class T>
void require_equal_rows(View2<const T> boxes1, View2<const T> boxes2) {
    if (boxes1.rows != boxes2.rows) {
        throw_value_error("boxes2: expected as many rows as boxes1 (" + std::to_string(boxes1.rows) + "), got " +
                          std::to_string(boxes2.rows));
    }
}

enum class Scores { no_nan, finite };

template <class T>
View1<const T> scores_view(const Array<T>& scores, Index count, Scores allowed) {
    const auto view = view1(scores, "scores", count);
    for (Index i = 0; i < count; ++i) {
        if (std::isnan(view[i])) throw_value_error("scores: expected numbers, got NaN at index " + std::to_string(i));
        if (allowed == Scores::finite && std::isinf(view[i])) {
            throw_value_error("scores: expected finite numbers, got infinity at index " + std::to_string(i));
        }
    }
    return view;
}

View1<const std::uint8_t> crowd_view(const std::optional<Flags>& crowd, Index count) {
    return crowd ? view1(*crowd, "crowd", count) : View1<const std::uint8_t>{};
}

template <class T>
Array<T> box_area(const Array<T>& boxes, Format format) {
    const auto input = view2(boxes, "boxes", 4);
    Array<T> area(input.rows);
    const auto output = mutable_view1(area);
    {
        const py::gil_scoped_release release;
        boxes::box_area(input, format, output);
    }
    return area;
}

template <class T>
Array<T> box_convert(const Array<T>& boxes, Format in_format, Format out_format) {
    const auto input = view2(boxes, "boxes", 4);
    Array<T> converted({input.rows, input.columns});
    const auto output = mutable_view2(converted);
    {
        const py::gil_scoped_release release;
        boxes::box_convert(input, in_format, out_format, output);
    }
    return converted;
}

// kernel(boxes1, boxes2, result): fills the N x M result.
template <class T, class Kernel>
Array<T> pairwise(const Array<T>& boxes1, const Array<T>& boxes2, const py::object& out, const Kernel& kernel) {
    const auto first = view2(boxes1, "boxes1", 4);
    const auto second = view2(boxes2, "boxes2", 4);
    auto result = result_array<T>(out, first.rows, second.rows);
    const auto output = mutable_view2(result);
    {
        const py::gil_scoped_release release;
        kernel(first, second, output);
    }
    return result;
}

// kernel(boxes1, boxes2, result): fills one number a row.
template <class T, class Kernel>
Array<T> paired(const Array<T>& boxes1, const Array<T>& boxes2, const Kernel& kernel) {
    const auto first = view2(boxes1, "boxes1", 4);
    const auto second = view2(boxes2, "boxes2", 4);
    require_equal_rows(first, second);
    Array<T> result(first.rows);
    const auto output = mutable_view1(result);
    {
        const py::gil_scoped_release release;
        kernel(first, second, output);
    }
    return result;
}

template <class T>
Array<T> box_iou(const Array<T>& boxes1, const Array<T>& boxes2, Format format, const std::optional<Flags>& crowd,
                 int num_threads, const py::object& out) {
    const auto flags = crowd_view(crowd, view2(boxes2, "boxes2", 4).rows);
    return pairwise(boxes1, boxes2, out, [&](auto first, auto second, auto result) {
        boxes::box_iou(first, second, format, flags, num_threads, result);
    });
}

template <class T>
Array<T> generalized_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, int num_threads, const py::object& out) {
    return pairwise(boxes1, boxes2, out, [&](auto first, auto second, auto result) {
        boxes::generalized_box_iou(first, second, num_threads, result);
    });
}

template <class T>
Array<T> distance_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, double eps, int num_threads,
                          const py::object& out) {
    return pairwise(boxes1, boxes2, out, [&](auto first, auto second, auto result) {
        boxes::distance_box_iou(first, second, static_cast<T>(eps), num_threads, result);
    });
}

template <class T>
Array<T> complete_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, double eps, int num_threads,
                          const py::object& out) {
    return pairwise(boxes1, boxes2, out, [&](auto first, auto second, auto result) {
        boxes::complete_box_iou(first, second, static_cast<T>(eps), num_threads, result);
    });
}

template <class T>
Array<T> paired_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, Format format,
                        const std::optional<Flags>& crowd) {
    const auto flags = crowd_view(crowd, view2(boxes2, "boxes2", 4).rows);
    return paired(boxes1, boxes2, [&](auto first, auto second, auto result) {
        boxes::paired_box_iou(first, second, format, flags, result);
    });
}

template <class T>
Array<T> paired_generalized_box_iou(const Array<T>& boxes1, const Array<T>& boxes2) {
    return paired(boxes1, boxes2, [](auto first, auto second, auto result) {
        boxes::paired_generalized_box_iou(first, second, result);
    });
}

template <class T>
Array<T> paired_distance_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, double eps) {
    return paired(boxes1, boxes2, [&](auto first, auto second, auto result) {
        boxes::paired_distance_box_iou(first, second, static_cast<T>(eps), result);
    });
}

template <class T>
Array<T> paired_complete_box_iou(const Array<T>& boxes1, const Array<T>& boxes2, double eps) {
    return paired(boxes1, boxes2, [&](auto first, auto second, auto result) {
        boxes::paired_complete_box_iou(first, second, static_cast<T>(eps), result);
    });
}

template <class T>
py::array_t<std::int64_t> nms(const Array<T>& boxes, const Array<T>& scores, double iou_threshold) {
    const auto input = view2(boxes, "boxes", 4);
    const auto by = scores_view(scores, input.rows, Scores::no_nan);
    std::vector<std::int64_t> kept;
    {
        const py::gil_scoped_release release;
        kept = boxes::nms(input, by, iou_threshold);
    }
    return to_numpy(std::move(kept));
}

template <class T>
py::array_t<std::int64_t> batched_nms(const Array<T>& boxes, const Array<T>& scores, const Array<std::int64_t>& idxs,
                                      double iou_threshold, int num_threads) {
    const auto input = view2(boxes, "boxes", 4);
    const auto by = scores_view(scores, input.rows, Scores::no_nan);
    const auto groups = view1(idxs, "idxs", input.rows);
    std::vector<std::int64_t> kept;
    {
        const py::gil_scoped_release release;
        kept = boxes::batched_nms(input, by, groups, iou_threshold, num_threads);
    }
    return to_numpy(std::move(kept));
}

template <class T>
py::tuple soft_nms(const Array<T>& boxes, const Array<T>& scores, boxes::Decay decay, double iou_threshold,
                   double sigma, double score_threshold) {
    const auto input = view2(boxes, "boxes", 4);
    const auto by = scores_view(scores, input.rows, Scores::finite);
    boxes::SoftNms<T> kept;
    {
        const py::gil_scoped_release release;
        kept = boxes::soft_nms(input, by, decay, iou_threshold, sigma, score_threshold);
    }
    return py::make_tuple(to_numpy(std::move(kept.indices)), to_numpy(std::move(kept.scores)));
}

// The block of the evaluation engine, for the tests alone.
Array<double> box_iou_block(const Array<double>& detections, const Array<double>& ground_truths, const Flags& crowd) {
    const auto first = view2(detections, "detections", 4);
    const auto second = view2(ground_truths, "ground_truths", 4);
    const auto flags = view1(crowd, "crowd", second.rows);
    Array<double> similarity({first.rows, second.rows});
    boxes::box_iou_block(first.data, first.rows, second.data, second.rows, flags.data(), similarity.mutable_data());
    return similarity;
}

template <class T>
void bind_for(py::module_& module) {
    const auto boxes = py::arg("boxes").noconvert();
    const auto boxes1 = py::arg("boxes1").noconvert();
    const auto boxes2 = py::arg("boxes2").noconvert();
    const auto scores = py::arg("scores").noconvert();
    module.def("box_area", &box_area<T>, boxes, py::arg("fmt"));
    module.def("box_convert", &box_convert<T>, boxes, py::arg("in_fmt"), py::arg("out_fmt"));
    module.def("box_iou", &box_iou<T>, boxes1, boxes2, py::arg("fmt"), py::arg("crowd"), py::arg("num_threads"),
               py::arg("out"));
    module.def("generalized_box_iou", &generalized_box_iou<T>, boxes1, boxes2, py::arg("num_threads"), py::arg("out"));
    module.def("distance_box_iou", &distance_box_iou<T>, boxes1, boxes2, py::arg("eps"), py::arg("num_threads"),
               py::arg("out"));
    module.def("complete_box_iou", &complete_box_iou<T>, boxes1, boxes2, py::arg("eps"), py::arg("num_threads"),
               py::arg("out"));
    module.def("paired_box_iou", &paired_box_iou<T>, boxes1, boxes2, py::arg("fmt"), py::arg("crowd"));
    module.def("paired_generalized_box_iou", &paired_generalized_box_iou<T>, boxes1, boxes2);
    module.def("paired_distance_box_iou", &paired_distance_box_iou<T>, boxes1, boxes2, py::arg("eps"));
    module.def("paired_complete_box_iou", &paired_complete_box_iou<T>, boxes1, boxes2, py::arg("eps"));
    module.def("nms", &nms<T>, boxes, scores, py::arg("iou_threshold"));
    module.def("batched_nms", &batched_nms<T>, boxes, scores, py::arg("idxs").noconvert(), py::arg("iou_threshold"),
               py::arg("num_threads"));
    module.def("soft_nms", &soft_nms<T>, boxes, scores, py::arg("method"), py::arg("iou_threshold"), py::arg("sigma"),
               py::arg("score_threshold"));
}

}  // namespace

void bind_boxes(py::module_ module) {
    py::enum_<Format>(module, "Format")
        .value("xyxy", Format::xyxy)
        .value("xywh", Format::xywh)
        .value("cxcywh", Format::cxcywh);
    py::enum_<boxes::Decay>(module, "Decay")
        .value("linear", boxes::Decay::linear)
        .value("gaussian", boxes::Decay::gaussian);
    bind_for<float>(module);
    bind_for<double>(module);
    module.def("box_iou_block", &box_iou_block, py::arg("detections").noconvert(), py::arg("ground_truths").noconvert(),
               py::arg("crowd").noconvert());
}

}  // namespace metrix::bindings
