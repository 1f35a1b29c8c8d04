#include "kernels/matching.hpp"

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

py::tuple greedy_match(const Array<double>& similarity, const Array<double>& thresholds,
                       const Array<std::uint8_t>& crowd, const Array<std::uint8_t>& ignored) {
    const auto block = view2(similarity, "similarity");
    const auto levels = view1(thresholds, "thresholds");
    const auto crowd_view = view1(crowd, "crowd", block.columns);
    const auto ignored_view = view1(ignored, "ignored", block.columns);
    Array<std::int32_t> detection_match({ssize(levels), block.rows});
    Array<std::int32_t> ground_truth_match({ssize(levels), block.columns});
    const auto detections = mutable_view2(detection_match);
    const auto ground_truths = mutable_view2(ground_truth_match);
    {
        const py::gil_scoped_release release;
        matching::greedy_match(block, levels, crowd_view, ignored_view, detections, ground_truths);
    }
    return py::make_tuple(detection_match, ground_truth_match);
}

}  // namespace

void bind_matching(py::module_ module) {
    module.def("greedy_match", &greedy_match, py::arg("similarity").noconvert(), py::arg("thresholds").noconvert(),
               py::arg("crowd").noconvert(), py::arg("ignored").noconvert());
}

}  // namespace metrix::bindings
