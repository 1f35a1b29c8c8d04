#include "kernels/detection.hpp"

#include <memory>

#include "bindings/convert.hpp"
#include "bindings/mask_columns.hpp"
#include "bindings/numpy_exp.hpp"
#include "kernels/detection/box_similarity.hpp"
#include "kernels/detection/keypoint_similarity.hpp"
#include "kernels/detection/mask_similarity.hpp"

namespace metrix::bindings {
namespace {

// A similarity with the arrays that its views look into.
struct HeldSimilarity {
    std::unique_ptr<detection::Similarity> similarity;
    std::vector<py::object> arrays;
    Index detection_count;
    Index ground_truth_count;
};

HeldSimilarity hold(std::unique_ptr<detection::Similarity> similarity, std::vector<py::object> arrays,
                    Index detection_count, Index ground_truth_count) {
    return {std::move(similarity), std::move(arrays), detection_count, ground_truth_count};
}

HeldSimilarity box_similarity(const Array<double>& detections, const Array<double>& ground_truths,
                              const Array<std::uint8_t>& crowd) {
    const auto d = view2(detections, "detections", 4);
    const auto g = view2(ground_truths, "ground_truths", 4);
    return hold(std::make_unique<detection::BoxSimilarity>(d, g, view1(crowd, "crowd", g.rows)),
                {detections, ground_truths, crowd}, d.rows, g.rows);
}

// The arrays of metrix.records.MaskColumn.
HeldSimilarity mask_similarity(const py::tuple& detections, const py::tuple& ground_truths,
                               const Array<std::uint8_t>& crowd) {
    const masks::MaskColumn d = mask_column_view(detections, "detections");
    const masks::MaskColumn g = mask_column_view(ground_truths, "ground_truths");
    return hold(std::make_unique<detection::MaskSimilarity>(d, g, view1(crowd, "crowd", g.size())),
                {detections, ground_truths, crowd}, d.size(), g.size());
}

// (N, K, 2) and (N, K, 3) as matrices.
View2<const double> pose_rows(const Array<double>& points, Index values, Index keypoint_count, const char* name) {
    if (points.ndim() != 3 ||
        (points.shape(0) > 0 && (points.shape(1) != keypoint_count || points.shape(2) != values))) {
        throw_value_error(std::string(name) + ": expected shape (N, " + std::to_string(keypoint_count) + ", " +
                          std::to_string(values) + "), got " + shape_text(points));
    }
    return {points.data(), points.shape(0), keypoint_count * values};
}

HeldSimilarity keypoint_similarity(const Array<double>& detections, const Array<double>& ground_truths,
                                   const Array<double>& areas, const Array<double>& boxes,
                                   const Array<double>& variances) {
    const auto by_keypoint = view1(variances, "variances");
    const auto d = pose_rows(detections, 2, ssize(by_keypoint), "detections");
    const auto g = pose_rows(ground_truths, 3, ssize(by_keypoint), "ground_truths");
    const auto b = view2(boxes, "boxes", 4);
    if (b.rows != g.rows) throw_value_error("boxes: expected as many rows as ground_truths");
    // NumPy's own exponential: it lives as long as the process.
    return hold(std::make_unique<detection::KeypointSimilarity>(d, g, view1(areas, "areas", g.rows), b, by_keypoint,
                                                                NumpyExp::get()),
                {detections, ground_truths, areas, boxes, variances}, d.rows, g.rows);
}

// (N, 4) of (N, K, 2): see kernels/detection/keypoint_similarity.hpp.
Array<double> pose_extents(const Array<double>& poses, int num_threads) {
    if (poses.ndim() != 3 || poses.shape(1) < 1 || poses.shape(2) != 2) {
        throw_value_error("poses: expected shape (N, K, 2) with at least one keypoint, got " + shape_text(poses));
    }
    const View2<const double> rows{poses.data(), poses.shape(0), 2 * poses.shape(1)};
    Array<double> extents({rows.rows, Index{4}});
    const auto output = mutable_view2(extents);
    const py::gil_scoped_release release;
    detection::pose_extents(rows, num_threads, output);
    return extents;
}

HeldSimilarity no_similarity(Index detection_count, Index ground_truth_count) {
    return hold(std::make_unique<detection::NoSimilarity>(), {}, detection_count, ground_truth_count);
}

// Areas of packed masks; `name` is what an error calls them.
Array<std::uint32_t> mask_areas(const py::tuple& columns, const std::string& name, int num_threads) {
    const masks::MaskColumn column = mask_column_view(columns, name.c_str());
    Array<std::uint32_t> areas(column.size());
    const auto output = mutable_view1(areas);
    const py::gil_scoped_release release;
    masks::area(column, num_threads, output, name.c_str());
    return areas;
}

Array<double> mask_boxes(const py::tuple& columns, const std::string& name, int num_threads) {
    const masks::MaskColumn column = mask_column_view(columns, name.c_str());
    Array<double> boxes({column.size(), Index{4}});
    const auto output = mutable_view2(boxes);
    const py::gil_scoped_release release;
    masks::to_boxes(column, num_threads, output, name.c_str());
    return boxes;
}

void require_below(View1<const std::int32_t> groups, Index count, const char* name) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (groups[i] >= count) {
            throw_value_error(std::string(name) + "[" + std::to_string(i) + "]: expected an index below " +
                              std::to_string(count) + ", got " + std::to_string(groups[i]));
        }
    }
}

void require_rows(View1<const std::int32_t> rows, Index count, const char* name) {
    require_below(rows, count, name);
    if (std::any_of(rows.begin(), rows.end(), [](std::int32_t row) { return row < 0; })) {
        throw_value_error(std::string(name) + ": expected rows, got a negative number");
    }
}

py::dict evaluate(HeldSimilarity& held, Index image_count, Index category_count,
                  const Array<std::int32_t>& ground_truth_image, const Array<std::int32_t>& ground_truth_category,
                  const Array<double>& ground_truth_area, const Array<std::uint8_t>& ground_truth_crowd,
                  const Array<std::uint8_t>& ground_truth_ignored,
                  const Array<std::uint8_t>& ground_truth_without_match, const Array<std::int32_t>& ground_truth_order,
                  const Array<std::int32_t>& detection_image, const Array<std::int32_t>& detection_category,
                  const Array<double>& detection_score, const Array<double>& detection_area,
                  const Array<std::int32_t>& detection_order, const Array<double>& thresholds,
                  const Array<double>& area_ranges, std::int64_t max_detections, bool nan_matches, bool by_score,
                  bool diagnostics, int num_threads) {
    detection::Problem problem;
    problem.image_count = image_count;
    problem.category_count = category_count;
    const Index g = held.ground_truth_count;
    problem.ground_truth_image = view1(ground_truth_image, "ground_truth_image", g);
    problem.ground_truth_category = view1(ground_truth_category, "ground_truth_category", g);
    problem.ground_truth_area = view1(ground_truth_area, "ground_truth_area", g);
    problem.ground_truth_crowd = view1(ground_truth_crowd, "ground_truth_crowd", g);
    problem.ground_truth_ignored = view1(ground_truth_ignored, "ground_truth_ignored", g);
    problem.ground_truth_without_match = view1(ground_truth_without_match, "ground_truth_without_match", g);
    const Index d = held.detection_count;
    problem.detection_image = view1(detection_image, "detection_image", d);
    problem.detection_category = view1(detection_category, "detection_category", d);
    problem.detection_score = view1(detection_score, "detection_score", d);
    problem.detection_area = view1(detection_area, "detection_area", d);
    problem.ground_truth_order = view1(ground_truth_order, "ground_truth_order");
    problem.detection_order = view1(detection_order, "detection_order");
    problem.thresholds = view1(thresholds, "thresholds");
    problem.area_ranges = view2(area_ranges, "area_ranges", 2);
    problem.max_detections = max_detections;
    problem.nan_matches = nan_matches;
    problem.by_score = by_score;
    problem.diagnostics = diagnostics;
    if (problem.thresholds.empty()) throw_value_error("thresholds: expected at least one");
    constexpr Index limit = std::numeric_limits<std::int32_t>::max();
    if (d > limit || g > limit) throw_value_error("more than 2147483647 detections or ground truths");

    detection::Outcomes outcomes;
    {
        const py::gil_scoped_release release;
        require_below(problem.ground_truth_image, image_count, "ground_truth_image");
        require_below(problem.ground_truth_category, category_count, "ground_truth_category");
        require_below(problem.detection_image, image_count, "detection_image");
        require_below(problem.detection_category, category_count, "detection_category");
        require_rows(problem.ground_truth_order, g, "ground_truth_order");
        require_rows(problem.detection_order, d, "detection_order");
        outcomes = detection::evaluate(problem, *held.similarity, num_threads);
    }
    const auto breakdowns = static_cast<py::ssize_t>(problem.area_ranges.rows);
    const auto words = static_cast<py::ssize_t>(matching::word_count(ssize(problem.thresholds)));
    const auto count = static_cast<py::ssize_t>(outcomes.row.size());
    py::dict result;
    result["category_offset"] = to_numpy(std::move(outcomes.category_offset));
    result["score"] = to_numpy(std::move(outcomes.score));
    result["image"] = to_numpy(std::move(outcomes.image));
    result["rank"] = to_numpy(std::move(outcomes.rank));
    result["row"] = to_numpy(std::move(outcomes.row));
    result["bits"] = to_numpy(std::move(outcomes.bits)).reshape({count, breakdowns, words, py::ssize_t{2}});
    result["positives"] =
        to_numpy(std::move(outcomes.positives)).reshape({static_cast<py::ssize_t>(category_count), breakdowns});
    result["image_positives"] =
        to_numpy(std::move(outcomes.image_positives)).reshape({static_cast<py::ssize_t>(image_count), breakdowns});
    if (diagnostics) {
        result["ground_truth"] = to_numpy(std::move(outcomes.ground_truth));
        result["best_overlap"] = to_numpy(std::move(outcomes.best_overlap));
        result["best_other_overlap"] = to_numpy(std::move(outcomes.best_other_overlap));
    }
    result["nan_pairs"] = to_numpy(std::move(outcomes.nan_pairs));
    result["mismatches"] = to_numpy(std::move(outcomes.mismatches));
    result["nan_scores"] = to_numpy(std::move(outcomes.nan_scores));
    return result;
}

}  // namespace

void bind_detection(py::module_ module) {
    py::class_<HeldSimilarity>(module, "Similarity");
    module.def("box_similarity", &box_similarity, py::arg("detections").noconvert(),
               py::arg("ground_truths").noconvert(), py::arg("crowd").noconvert());
    module.def("mask_similarity", &mask_similarity, py::arg("detections"), py::arg("ground_truths"),
               py::arg("crowd").noconvert());
    module.def("keypoint_similarity", &keypoint_similarity, py::arg("detections").noconvert(),
               py::arg("ground_truths").noconvert(), py::arg("areas").noconvert(), py::arg("boxes").noconvert(),
               py::arg("variances").noconvert());
    module.def("pose_extents", &pose_extents, py::arg("poses").noconvert(), py::arg("num_threads"));
    module.def("no_similarity", &no_similarity, py::arg("detection_count"), py::arg("ground_truth_count"));
    module.def("mask_areas", &mask_areas, py::arg("columns"), py::arg("name"), py::arg("num_threads"));
    module.def("mask_boxes", &mask_boxes, py::arg("columns"), py::arg("name"), py::arg("num_threads"));
    module.def("evaluate", &evaluate, py::arg("similarity"), py::kw_only(), py::arg("image_count"),
               py::arg("category_count"), py::arg("ground_truth_image").noconvert(),
               py::arg("ground_truth_category").noconvert(), py::arg("ground_truth_area").noconvert(),
               py::arg("ground_truth_crowd").noconvert(), py::arg("ground_truth_ignored").noconvert(),
               py::arg("ground_truth_without_match").noconvert(), py::arg("ground_truth_order").noconvert(),
               py::arg("detection_image").noconvert(), py::arg("detection_category").noconvert(),
               py::arg("detection_score").noconvert(), py::arg("detection_area").noconvert(),
               py::arg("detection_order").noconvert(), py::arg("thresholds").noconvert(),
               py::arg("area_ranges").noconvert(), py::arg("max_detections"), py::arg("nan_matches"),
               py::arg("by_score") = true, py::arg("diagnostics") = false, py::arg("num_threads"));
}

}  // namespace metrix::bindings
