#include "kernels/detection.hpp"

#include <memory>

#include "bindings/convert.hpp"
#include "bindings/mask_columns.hpp"
#include "bindings/numpy_exp.hpp"
#include "kernels/detection/admission.hpp"
#include "kernels/detection/boundary_similarity.hpp"
#include "kernels/detection/box_similarity.hpp"
#include "kernels/detection/keypoint_similarity.hpp"
#include "kernels/detection/mask_similarity.hpp"
#include "support/parallel.hpp"

namespace metrix::bindings {
namespace {

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
                              const Array<std::uint8_t>& crowd, bool holds_corner_pixels) {
    const auto d = view2(detections, "detections", 4);
    const auto g = view2(ground_truths, "ground_truths", 4);
    return hold(std::make_unique<detection::BoxSimilarity>(d, g, view1(crowd, "crowd", g.rows), holds_corner_pixels),
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

// distance 0: by the ratio.
HeldSimilarity boundary_similarity(const py::tuple& detections, const py::tuple& ground_truths,
                                   const Array<std::uint8_t>& crowd, double dilation_ratio, std::uint32_t distance) {
    const masks::MaskColumn d = mask_column_view(detections, "detections");
    const masks::MaskColumn g = mask_column_view(ground_truths, "ground_truths");
    return hold(std::make_unique<detection::BoundarySimilarity>(d, g, view1(crowd, "crowd", g.size()), dilation_ratio,
                                                                distance),
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

// The exact similarities of some cells, one D x G block after the other: cell i has the rows from offset i to i + 1.
Array<double> similarity_blocks(HeldSimilarity& held, const Array<std::int32_t>& detections,
                                const Array<std::int64_t>& detection_offset, const Array<std::int32_t>& ground_truths,
                                const Array<std::int64_t>& ground_truth_offset, int num_threads) {
    const auto d = view1(detections, "detections");
    const auto g = view1(ground_truths, "ground_truths");
    const auto d_offset = view1(detection_offset, "detection_offset");
    const auto g_offset = view1(ground_truth_offset, "ground_truth_offset", ssize(d_offset));
    require_rows(d, held.detection_count, "detections");
    require_rows(g, held.ground_truth_count, "ground_truths");
    const auto fits = [](View1<const std::int64_t> offset, Index count) {
        return !offset.empty() && offset.front() == 0 && offset.back() == count &&
               std::is_sorted(offset.begin(), offset.end());
    };
    if (!fits(d_offset, ssize(d)) || !fits(g_offset, ssize(g))) {
        throw_value_error(
            "detection_offset, ground_truth_offset: expected ascending places from 0 to the number of rows");
    }
    const Index cell_count = ssize(d_offset) - 1;
    const auto part = [](View1<const std::int32_t> rows, View1<const std::int64_t> offset, Index cell) {
        const auto begin = static_cast<std::size_t>(offset[static_cast<std::size_t>(cell)]);
        return rows.subspan(begin, static_cast<std::size_t>(offset[static_cast<std::size_t>(cell) + 1]) - begin);
    };
    std::vector<Index> first(static_cast<std::size_t>(cell_count) + 1, 0);
    for (Index cell = 0; cell < cell_count; ++cell) {
        const auto i = static_cast<std::size_t>(cell);
        first[i + 1] = first[i] + ssize(part(d, d_offset, cell)) * ssize(part(g, g_offset, cell));
    }
    Array<double> blocks(first.back());
    double* const output = blocks.mutable_data();
    const py::gil_scoped_release release;
    held.similarity->prepare(num_threads, -std::numeric_limits<double>::infinity());  // no threshold: all are exact
    parallel_for(cell_count, num_threads, [&](Index cell, int thread) {
        const auto rows = part(d, d_offset, cell);
        const auto columns = part(g, g_offset, cell);
        if (rows.empty() || columns.empty()) return;
        held.similarity->fill(rows, columns,
                              {output + first[static_cast<std::size_t>(cell)], ssize(rows), ssize(columns)}, thread);
    });
    return blocks;
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

// See kernels/detection/admission.hpp.
Array<std::uint8_t> keep_best(const Array<std::int32_t>& group, Index group_count, const Array<double>& score,
                              std::int64_t limit, int num_threads) {
    const auto groups = view1(group, "group");
    const auto scores = view1(score, "score", ssize(groups));
    if (limit < 0) throw_value_error("limit: expected a number >= 0, got " + std::to_string(limit));
    Array<std::uint8_t> kept(group.size());
    const auto output = mutable_view1(kept);
    const py::gil_scoped_release release;
    require_below(groups, group_count, "group");
    detection::keep_best(groups, group_count, scores, limit, num_threads, output);
    return kept;
}

detection::CategoryLists category_lists(const Array<std::int64_t>& offset, const Array<std::int32_t>& category,
                                        Index image_count, Index category_count, const char* name) {
    const detection::CategoryLists lists{view1(offset, name, image_count + 1), view1(category, name)};
    if (lists.offset.front() != 0 || lists.offset.back() != ssize(lists.category) ||
        !std::is_sorted(lists.offset.begin(), lists.offset.end())) {
        throw_value_error(std::string(name) + ": the offsets do not ascend from 0 to the number of categories");
    }
    require_below(lists.category, category_count, name);
    return lists;
}

py::tuple judge_federated(Index image_count, Index category_count, const Array<std::int32_t>& ground_truth_image,
                          const Array<std::int32_t>& ground_truth_category, const Array<std::int64_t>& absent_offset,
                          const Array<std::int32_t>& absent, const Array<std::int64_t>& not_exhaustive_offset,
                          const Array<std::int32_t>& not_exhaustive, const Array<std::int32_t>& image,
                          const Array<std::int32_t>& category, int num_threads) {
    detection::Federation federation;
    federation.image_count = image_count;
    federation.category_count = category_count;
    federation.ground_truth_image = view1(ground_truth_image, "ground_truth_image");
    federation.ground_truth_category =
        view1(ground_truth_category, "ground_truth_category", ssize(federation.ground_truth_image));
    federation.absent = category_lists(absent_offset, absent, image_count, category_count, "absent");
    federation.not_exhaustive =
        category_lists(not_exhaustive_offset, not_exhaustive, image_count, category_count, "not_exhaustive");
    const auto images = view1(image, "image");
    const auto categories = view1(category, "category", ssize(images));
    Array<std::uint8_t> judged(image.size());
    Array<std::uint8_t> excused(image.size());
    {
        const auto judged_view = mutable_view1(judged);
        const auto excused_view = mutable_view1(excused);
        const py::gil_scoped_release release;
        require_below(federation.ground_truth_image, image_count, "ground_truth_image");
        require_below(federation.ground_truth_category, category_count, "ground_truth_category");
        require_below(images, image_count, "image");
        require_below(categories, category_count, "category");
        detection::judge_federated(federation, images, categories, num_threads, judged_view, excused_view);
    }
    return py::make_tuple(judged, excused);
}

py::dict evaluate(HeldSimilarity& held, Index image_count, Index category_count,
                  const Array<std::int32_t>& ground_truth_image, const Array<std::int32_t>& ground_truth_category,
                  const Array<double>& ground_truth_area, const Array<std::uint8_t>& ground_truth_crowd,
                  const Array<std::uint8_t>& ground_truth_ignored,
                  const Array<std::uint8_t>& ground_truth_without_match, const Array<std::int32_t>& ground_truth_order,
                  const Array<std::int32_t>& detection_image, const Array<std::int32_t>& detection_category,
                  const Array<double>& detection_score, const Array<double>& detection_area,
                  const Array<std::int32_t>& detection_order, const Array<std::uint8_t>& detection_excused,
                  const Array<double>& thresholds, const Array<double>& area_ranges, std::int64_t max_detections,
                  bool nan_matches, bool only_highest, bool by_score, bool diagnostics, int num_threads) {
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
    if (detection_excused.size() > 0) problem.detection_excused = view1(detection_excused, "detection_excused", d);
    problem.thresholds = view1(thresholds, "thresholds");
    problem.area_ranges = view2(area_ranges, "area_ranges", 2);
    problem.max_detections = max_detections;
    problem.nan_matches = nan_matches;
    problem.only_highest = only_highest;
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
               py::arg("ground_truths").noconvert(), py::arg("crowd").noconvert(), py::arg("holds_corner_pixels"));
    module.def("mask_similarity", &mask_similarity, py::arg("detections"), py::arg("ground_truths"),
               py::arg("crowd").noconvert());
    module.def("boundary_similarity", &boundary_similarity, py::arg("detections"), py::arg("ground_truths"),
               py::arg("crowd").noconvert(), py::arg("dilation_ratio"), py::arg("distance"));
    module.def("keypoint_similarity", &keypoint_similarity, py::arg("detections").noconvert(),
               py::arg("ground_truths").noconvert(), py::arg("areas").noconvert(), py::arg("boxes").noconvert(),
               py::arg("variances").noconvert());
    module.def("pose_extents", &pose_extents, py::arg("poses").noconvert(), py::arg("num_threads"));
    module.def("no_similarity", &no_similarity, py::arg("detection_count"), py::arg("ground_truth_count"));
    module.def("similarity_blocks", &similarity_blocks, py::arg("similarity"), py::kw_only(),
               py::arg("detections").noconvert(), py::arg("detection_offset").noconvert(),
               py::arg("ground_truths").noconvert(), py::arg("ground_truth_offset").noconvert(),
               py::arg("num_threads"));
    module.def("mask_areas", &mask_areas, py::arg("columns"), py::arg("name"), py::arg("num_threads"));
    module.def("mask_boxes", &mask_boxes, py::arg("columns"), py::arg("name"), py::arg("num_threads"));
    module.def("keep_best", &keep_best, py::arg("group").noconvert(), py::arg("group_count"),
               py::arg("score").noconvert(), py::arg("limit"), py::arg("num_threads"));
    module.def("judge_federated", &judge_federated, py::kw_only(), py::arg("image_count"), py::arg("category_count"),
               py::arg("ground_truth_image").noconvert(), py::arg("ground_truth_category").noconvert(),
               py::arg("absent_offset").noconvert(), py::arg("absent").noconvert(),
               py::arg("not_exhaustive_offset").noconvert(), py::arg("not_exhaustive").noconvert(),
               py::arg("image").noconvert(), py::arg("category").noconvert(), py::arg("num_threads"));
    module.def("evaluate", &evaluate, py::arg("similarity"), py::kw_only(), py::arg("image_count"),
               py::arg("category_count"), py::arg("ground_truth_image").noconvert(),
               py::arg("ground_truth_category").noconvert(), py::arg("ground_truth_area").noconvert(),
               py::arg("ground_truth_crowd").noconvert(), py::arg("ground_truth_ignored").noconvert(),
               py::arg("ground_truth_without_match").noconvert(), py::arg("ground_truth_order").noconvert(),
               py::arg("detection_image").noconvert(), py::arg("detection_category").noconvert(),
               py::arg("detection_score").noconvert(), py::arg("detection_area").noconvert(),
               py::arg("detection_order").noconvert(), py::arg("detection_excused").noconvert(),
               py::arg("thresholds").noconvert(), py::arg("area_ranges").noconvert(), py::arg("max_detections"),
               py::arg("nan_matches"), py::arg("only_highest"), py::arg("by_score") = true,
               py::arg("diagnostics") = false, py::arg("num_threads"));
}

}  // namespace metrix::bindings
