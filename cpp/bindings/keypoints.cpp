#include "kernels/keypoints.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/convert.hpp"
#include "bindings/numpy_exp.hpp"
#include "support/sums.hpp"

namespace metrix::bindings {
namespace {

// (N, K, M) doubles.
const Array<double>& require_poses(const Array<double>& points, const char* name, Index least, Index most) {
    const bool fits =
        points.ndim() == 3 && (points.shape(0) == 0 || (points.shape(2) >= least && points.shape(2) <= most));
    if (!fits) {
        const std::string last =
            least == most ? std::to_string(least) : std::to_string(least) + " or " + std::to_string(most);
        throw_value_error(std::string(name) + ": expected shape (N, K, " + last + "), got " + shape_text(points));
    }
    return points;
}

std::vector<const double*> row_pointers(const Array<double>& points) {
    std::vector<const double*> rows(static_cast<std::size_t>(points.shape(0)));
    const Index step = points.shape(1) * points.shape(2);
    for (Index i = 0; i < ssize(rows); ++i) rows[i] = points.data() + i * step;
    return rows;
}

void require_visible(const Array<double>& ground_truth) {
    const Index keypoints = ground_truth.shape(1);
    for (Index g = 0; g < ground_truth.shape(0); ++g) {
        const double* points = ground_truth.data() + g * keypoints * 3;
        bool visible = false;
        for (Index k = 0; k < keypoints; ++k) visible = visible || points[3 * k + 2] > 0;
        if (!visible) {
            throw_value_error("boxes: expected (N, 4) boxes, got None, but ground_truth " + std::to_string(g) +
                              " has no visible keypoint");
        }
    }
}

// direct = false goes through numpy.exp, for the tests. is_paired: each detection with its own ground truth alone.
template <bool is_paired>
Array<double> similarity_of(const Array<double>& detections, const Array<double>& ground_truth,
                            const Array<double>& area, const std::optional<Array<double>>& boxes,
                            const Array<double>& variances, double floor, int num_threads, bool direct) {
    require_poses(detections, "detections", 2, 3);
    require_poses(ground_truth, "ground_truth", 3, 3);
    const Index detection_count = detections.shape(0), ground_truth_count = ground_truth.shape(0);
    if (is_paired && detection_count != ground_truth_count) {
        throw_value_error("detections: expected as many poses as ground_truth (" + std::to_string(ground_truth_count) +
                          "), got " + std::to_string(detection_count));
    }
    const auto areas = view1(area, "area", ground_truth_count);
    if (boxes) {
        const auto rows = view2(*boxes, "boxes", 4).rows;
        if (rows != ground_truth_count) {
            throw_value_error("boxes: expected " + std::to_string(ground_truth_count) + " rows, got " +
                              std::to_string(rows));
        }
    }
    Array<double> similarity = is_paired ? Array<double>(detection_count)
                                         : Array<double>(std::vector<Index>{detection_count, ground_truth_count});
    if (similarity.size() == 0) return similarity;
    const Index keypoints = ground_truth.shape(1);
    if (detections.shape(1) != keypoints) {
        throw_value_error("detections: expected as many keypoints as ground_truth (" + std::to_string(keypoints) +
                          "), got " + std::to_string(detections.shape(1)));
    }
    const auto by_keypoint = view1(variances, "sigmas", keypoints);
    if (!boxes) require_visible(ground_truth);

    const auto detection_rows = row_pointers(detections);
    const auto ground_truth_rows = row_pointers(ground_truth);
    const keypoints::Detections all{detection_rows.data(), detection_count, detections.shape(2)};
    const keypoints::GroundTruths targets{ground_truth_rows.data(), areas.data(), boxes ? boxes->data() : nullptr,
                                          ground_truth_count};
    const NumpyExp& numpy_exp = NumpyExp::get();
    const auto exponential = [&](double* values, Index count) {
        if (direct) {
            numpy_exp(values, count);
        } else {
            numpy_exp.through_python(values, count);
        }
    };
    double* const output = similarity.mutable_data();
    {
        const py::gil_scoped_release release;
        if constexpr (is_paired) {
            keypoints::paired_object_keypoint_similarity(all, targets, by_keypoint, exponential, num_threads,
                                                         {output, static_cast<std::size_t>(detection_count)});
        } else {
            keypoints::object_keypoint_similarity(all, targets, by_keypoint, floor, exponential, num_threads,
                                                  {output, detection_count, ground_truth_count});
        }
    }
    return similarity;
}

// What the similarity is made of, for the tests alone.
Array<double> numpy_exp(const Array<double>& values, bool direct) {
    Array<double> result(values.size());
    std::copy_n(values.data(), values.size(), result.mutable_data());
    const NumpyExp& exponential = NumpyExp::get();
    if (direct && !exponential.is_direct()) throw std::runtime_error("NumPy's loop was not found");
    if (direct) {
        const py::gil_scoped_release release;
        exponential.direct(result.mutable_data(), result.size());
    } else {
        exponential.through_python(result.mutable_data(), result.size());
    }
    return result;
}

template <class T>
T numpy_sum_of(const Array<T>& values) {
    const auto view = view1(values, "values");
    return numpy_sum(view.data(), ssize(view));
}

}  // namespace

void bind_keypoints(py::module_ module) {
    const auto bind = [&](const char* name, auto function) {
        module.def(name, function, py::arg("detections").noconvert(), py::arg("ground_truth").noconvert(),
                   py::arg("area").noconvert(), py::arg("boxes").noconvert(), py::arg("variances").noconvert(),
                   py::arg("floor"), py::arg("num_threads"), py::arg("direct") = true);
    };
    bind("object_keypoint_similarity", &similarity_of<false>);
    bind("paired_object_keypoint_similarity", &similarity_of<true>);
    module.def("numpy_exp", &numpy_exp, py::arg("values").noconvert(), py::arg("direct"));
    module.def("numpy_exp_is_direct", [] { return NumpyExp::get().is_direct(); });
    module.def("numpy_sum", &numpy_sum_of<double>, py::arg("values").noconvert());
}

}  // namespace metrix::bindings
