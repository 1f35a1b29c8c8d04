#include "kernels/losses/assignment.hpp"

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

using Numbers = Array<double>;
using Indices = Array<std::int64_t>;

py::tuple best_overlaps(const Numbers& boxes, const Numbers& truths, int num_threads) {
    const auto all = view2(boxes, "boxes", 4);
    const auto others = view2(truths, "truths", 4);
    Numbers overlap(all.rows);
    Indices index(all.rows);
    const auto overlaps = mutable_view1(overlap);
    const auto indices = mutable_view1(index);
    {
        const py::gil_scoped_release release;
        losses::best_overlaps(all, others, num_threads, overlaps, indices);
    }
    return py::make_tuple(overlap, index);
}

Indices match_anchors(const Numbers& anchors, const Numbers& truths, double high, double low, bool keeps_best,
                      int num_threads) {
    const auto all = view2(anchors, "anchors", 4);
    const auto others = view2(truths, "truths", 4);
    Indices index(all.rows);
    const auto indices = mutable_view1(index);
    {
        const py::gil_scoped_release release;
        losses::match_anchors(all, others, high, low, keeps_best, num_threads, indices);
    }
    return index;
}

Indices assign_points(const Numbers& points, const Numbers& strides, const Numbers& ranges, const Numbers& truths,
                      double radius) {
    const auto all = view2(points, "points", 2);
    const auto steps = view1(strides, "strides", all.rows);
    const auto limits = view2(ranges, "ranges", 2);
    if (limits.rows != all.rows) throw_value_error("ranges: expected as many rows as points");
    const auto others = view2(truths, "truths", 4);
    Indices index(all.rows);
    const auto indices = mutable_view1(index);
    {
        const py::gil_scoped_release release;
        losses::assign_points(all, steps, limits, others, radius, indices);
    }
    return index;
}

Numbers project_masks(const Array<std::uint8_t>& masks, const Numbers& boxes, const Indices& index, Index size,
                      int num_threads) {
    if (masks.ndim() != 3) throw_value_error("masks: expected shape (N, H, W), got " + shape_text(masks));
    if (size < 1) throw_value_error("size: expected a number >= 1");
    const auto all = view2(boxes, "boxes", 4);
    const auto of = view1(index, "index", all.rows);
    const Index height = masks.shape(1), width = masks.shape(2);
    for (const std::int64_t i : of) {  // so that no index can read beyond the masks
        if (i < 0 || i >= masks.shape(0))
            throw_value_error("index: expected indices of masks, got " + std::to_string(i));
    }
    if (all.rows > 0 && (height == 0 || width == 0)) throw_value_error("masks: expected pixels");
    Numbers targets({all.rows, size, size});
    const View2<double> rows{targets.mutable_data(), all.rows, size * size};
    const View2<const std::uint8_t> pixels{masks.data(), masks.shape(0), height * width};
    {
        const py::gil_scoped_release release;
        losses::project_masks(pixels, height, width, all, of, size, num_threads, rows);
    }
    return targets;
}

}  // namespace

void bind_losses_assignment(py::module_ module) {
    module.def("best_overlaps", &best_overlaps, py::arg("boxes").noconvert(), py::arg("truths").noconvert(),
               py::arg("num_threads"));
    module.def("match_anchors", &match_anchors, py::arg("anchors").noconvert(), py::arg("truths").noconvert(),
               py::arg("high"), py::arg("low"), py::arg("keeps_best"), py::arg("num_threads"));
    module.def("assign_points", &assign_points, py::arg("points").noconvert(), py::arg("strides").noconvert(),
               py::arg("ranges").noconvert(), py::arg("truths").noconvert(), py::arg("radius"));
    module.def("project_masks", &project_masks, py::arg("masks").noconvert(), py::arg("boxes").noconvert(),
               py::arg("index").noconvert(), py::arg("size"), py::arg("num_threads"));
}

}  // namespace metrix::bindings
