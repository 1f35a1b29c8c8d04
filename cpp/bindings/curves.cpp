#include "kernels/curves.hpp"

#include "bindings/convert.hpp"
#include "support/ordering.hpp"

namespace metrix::bindings {
namespace {

// The outcomes that detection.evaluate returned, checked once, with the arrays that the view looks into.
struct HeldOutcomes {
    curves::Outcomes view;
    std::vector<py::object> arrays;
};

HeldOutcomes outcomes_of(const Array<std::int64_t>& category_offset, const Array<double>& score,
                         const Array<std::int32_t>& rank, const Array<std::uint16_t>& bits,
                         const Array<std::int64_t>& positives, Index threshold_count) {
    curves::Outcomes view;
    view.category_offset = view1(category_offset, "category_offset");
    view.score = view1(score, "score");
    view.rank = view1(rank, "rank", ssize(view.score));
    view.positives = view2(positives, "positives");
    view.threshold_count = threshold_count;
    if (view.category_offset.empty() || view.category_offset.front() != 0 ||
        view.category_offset.back() != ssize(view.score) ||
        !std::is_sorted(view.category_offset.begin(), view.category_offset.end())) {
        throw_value_error("category_offset: expected ascending places from 0 to the number of scores");
    }
    if (view.positives.rows != view.category_count()) {
        throw_value_error("positives: expected " + std::to_string(view.category_count()) + " rows, got " +
                          std::to_string(view.positives.rows));
    }
    const Index words = matching::word_count(threshold_count);
    if (bits.ndim() != 4 || bits.shape(0) != ssize(view.score) || bits.shape(1) != view.positives.columns ||
        bits.shape(2) != words || bits.shape(3) != 2) {
        throw_value_error("bits: expected shape (" + std::to_string(view.score.size()) + ", " +
                          std::to_string(view.positives.columns) + ", " + std::to_string(words) + ", 2), got " +
                          shape_text(bits));
    }
    view.bits = {bits.data(), static_cast<std::size_t>(bits.size())};
    return {view, {category_offset, score, rank, bits, positives}};
}

void require_index(Index index, Index count, const char* name) {
    if (index < 0 || index >= count) {
        throw_value_error(std::string(name) + ": expected an index below " + std::to_string(count) + ", got " +
                          std::to_string(index));
    }
}

// (precision, scores), each (T, R, K, A, M); scores is None unless wanted.
py::tuple precision_at_recalls(const HeldOutcomes& outcomes, const Array<std::int64_t>& max_detections,
                               const Array<double>& recall_thresholds, double epsilon, bool scores, int num_threads) {
    const auto caps = view1(max_detections, "max_detections");
    const auto recalls = view1(recall_thresholds, "recall_thresholds");
    const std::vector<py::ssize_t> shape = {outcomes.view.threshold_count, ssize(recalls),
                                            outcomes.view.category_count(), outcomes.view.breakdown_count(),
                                            ssize(caps)};
    Array<double> precision(shape);
    Array<double> score_at(scores ? shape : std::vector<py::ssize_t>(5, 0));
    const auto precision_view = mutable_view1(precision);
    const auto score_view = mutable_view1(score_at);
    {
        const py::gil_scoped_release release;
        curves::precision_at_recalls(outcomes.view, caps, recalls, epsilon, num_threads, precision_view, score_view);
    }
    return py::make_tuple(precision, scores ? py::object(score_at) : py::none());
}

// (T, K, A, M)
Array<double> final_recall(const HeldOutcomes& outcomes, const Array<std::int64_t>& max_detections, int num_threads) {
    const auto caps = view1(max_detections, "max_detections");
    Array<double> recall(
        {outcomes.view.threshold_count, outcomes.view.category_count(), outcomes.view.positives.columns, ssize(caps)});
    const auto output = mutable_view1(recall);
    const py::gil_scoped_release release;
    curves::final_recall(outcomes.view, caps, num_threads, output);
    return recall;
}

py::tuple precision_recall_curve(const HeldOutcomes& outcomes, Index category, Index threshold, Index breakdown,
                                 std::int64_t max_detections) {
    require_index(category, outcomes.view.category_count(), "category");
    require_index(threshold, outcomes.view.threshold_count, "threshold");
    require_index(breakdown, outcomes.view.positives.columns, "breakdown");
    curves::Curve curve;
    {
        const py::gil_scoped_release release;
        curve = curves::precision_recall_curve(outcomes.view, category, threshold, breakdown, max_detections);
    }
    return py::make_tuple(to_numpy(std::move(curve.true_positives)), to_numpy(std::move(curve.counted)),
                          to_numpy(std::move(curve.score)));
}

// The place of each rank: what puts detections into the order that a curve expects.
py::array_t<Index> descending_order(const Array<double>& score) {
    const auto scores = view1(score, "score");
    std::vector<Index> order;
    {
        const py::gil_scoped_release release;
        order = metrix::descending_order(scores);
    }
    return to_numpy(std::move(order));
}

}  // namespace

void bind_curves(py::module_ module) {
    py::class_<HeldOutcomes>(module, "Outcomes");
    module.def("outcomes_of", &outcomes_of, py::arg("category_offset").noconvert(), py::arg("score").noconvert(),
               py::arg("rank").noconvert(), py::arg("bits").noconvert(), py::arg("positives").noconvert(),
               py::arg("threshold_count"));
    module.def("precision_at_recalls", &precision_at_recalls, py::arg("outcomes"), py::kw_only(),
               py::arg("max_detections").noconvert(), py::arg("recall_thresholds").noconvert(), py::arg("epsilon"),
               py::arg("scores"), py::arg("num_threads"));
    module.def("final_recall", &final_recall, py::arg("outcomes"), py::kw_only(), py::arg("max_detections").noconvert(),
               py::arg("num_threads"));
    module.def("precision_recall_curve", &precision_recall_curve, py::arg("outcomes"), py::kw_only(),
               py::arg("category"), py::arg("threshold"), py::arg("breakdown"), py::arg("max_detections"));
    module.def("descending_order", &descending_order, py::arg("score").noconvert());
}

}  // namespace metrix::bindings
