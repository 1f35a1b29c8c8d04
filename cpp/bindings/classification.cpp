#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <type_traits>

#include "bindings/convert.hpp"
#include "kernels/classification/confusion.hpp"
#include "kernels/classification/ranking.hpp"

namespace metrix::bindings {
namespace {

using classification::Coding;
using classification::Labels;
using classification::LabelType;

Labels labels_of(const py::array& array, const char* name) {
    if (array.ndim() != 1 || (array.flags() & py::array::c_style) == 0) {
        throw_value_error(std::string(name) + ": expected a contiguous array of shape (N,), got " + shape_text(array));
    }
    const char order = array.dtype().byteorder();
    if (order != '=' && order != '|')
        throw_value_error(std::string(name) + ": expected the byte order of this machine");
    const bool is_signed = array.dtype().kind() == 'i';
    if (!is_signed && array.dtype().kind() != 'u') throw_value_error(std::string(name) + ": expected integers");
    LabelType type{};
    switch (array.itemsize()) {
        case 1:
            type = is_signed ? LabelType::int8 : LabelType::uint8;
            break;
        case 2:
            type = is_signed ? LabelType::int16 : LabelType::uint16;
            break;
        case 4:
            type = is_signed ? LabelType::int32 : LabelType::uint32;
            break;
        default:
            type = is_signed ? LabelType::int64 : LabelType::uint64;
    }
    return {array.data(), type, array.size()};
}

// (span + 2, span + 2): sums of weights, or counts.
py::array confusion_matrix(const py::array& y_true, const py::array& y_pred,
                           const std::optional<Array<double>>& sample_weight, std::int64_t low, std::int64_t span,
                           std::optional<std::int64_t> ignored, int num_threads) {
    const Labels truth = labels_of(y_true, "y_true");
    const Labels predicted = labels_of(y_pred, "y_pred");
    if (predicted.count != truth.count) {
        throw_value_error("y_pred: expected shape " + shape_text(y_true) + ", got " + shape_text(y_pred));
    }
    if (span < 0 || span > (std::int64_t{1} << 20)) throw_value_error("span: expected 0 to 2^20");
    const Coding coding{low, span, ignored.has_value(), ignored.value_or(0)};
    if (!sample_weight) {
        Array<std::int64_t> counts({coding.codes(), coding.codes()});
        const auto output = mutable_view2(counts);
        {
            const py::gil_scoped_release release;
            classification::confusion_matrix(truth, predicted, coding, num_threads, output);
        }
        return std::move(counts);
    }
    const auto weight = view1(*sample_weight, "sample_weight", truth.count);
    Array<double> sums({coding.codes(), coding.codes()});
    const auto output = mutable_view2(sums);
    {
        const py::gil_scoped_release release;
        classification::weighted_confusion_matrix(truth, predicted, weight, coding, num_threads, output);
    }
    return std::move(sums);
}

template <class T>
classification::Ranked<T> ranked_of(const Array<T>& scores, const Array<std::uint8_t>& positive,
                                    const std::optional<Array<double>>& weight) {
    const auto values = view1(scores, "y_score");
    classification::Ranked<T> ranked{values, view1(positive, "y_true", ssize(values)), {}};
    if (weight) ranked.weight = view1(*weight, "sample_weight", ssize(values));
    return ranked;
}

// (thresholds, true positives, false positives), by descending score.
template <class T>
py::tuple binary_curve(const Array<T>& scores, const Array<std::uint8_t>& positive,
                       const std::optional<Array<double>>& weight, int num_threads) {
    const auto ranked = ranked_of(scores, positive, weight);
    classification::Curve curve;
    {
        const py::gil_scoped_release release;
        curve = classification::binary_curve(ranked, num_threads);
    }
    return py::make_tuple(to_numpy(std::move(curve.threshold)), to_numpy(std::move(curve.true_positives)),
                          to_numpy(std::move(curve.false_positives)));
}

// (area under the ROC curve, average precision)
template <class T>
py::tuple binary_areas(const Array<T>& scores, const Array<std::uint8_t>& positive, int num_threads) {
    const auto ranked = ranked_of(scores, positive, std::nullopt);
    classification::Areas areas;
    {
        const py::gil_scoped_release release;
        areas = classification::binary_areas(ranked, num_threads);
    }
    return py::make_tuple(areas.roc_auc, areas.average_precision);
}

void require_bits(int bits) {
    if (bits < 1 || bits > 24) throw_value_error("bits: expected 1 to 24, got " + std::to_string(bits));
}

// Adds to (2, 2^bits) counts, or sums of weights.
template <class T, class Sum>
void binary_histogram(const Array<T>& scores, const Array<std::uint8_t>& positive,
                      const std::optional<Array<double>>& weight, int bits, Array<Sum>& counts) {
    require_bits(bits);
    if (weight.has_value() != std::is_floating_point_v<Sum>) {
        throw_value_error("counts: expected float64 with sample_weight, int64 without");
    }
    const auto ranked = ranked_of(scores, positive, weight);
    if (counts.ndim() != 2 || counts.shape(0) != 2 || counts.shape(1) != Index{1} << bits) {
        throw_value_error("counts: expected shape (2, 2^bits), got " + shape_text(counts));
    }
    const auto output = mutable_view2(counts);
    const py::gil_scoped_release release;
    classification::binary_histogram(ranked, bits, output);
}

Array<float> histogram_thresholds(int bits) {
    require_bits(bits);
    Array<float> thresholds(Index{1} << bits);
    classification::histogram_thresholds(bits, mutable_view1(thresholds));
    return thresholds;
}

template <class T>
void bind_ranking(py::module_& module) {
    module.def("binary_curve", &binary_curve<T>, py::arg("y_score").noconvert(), py::arg("positive").noconvert(),
               py::arg("sample_weight").noconvert(), py::arg("num_threads"));
    module.def("binary_areas", &binary_areas<T>, py::arg("y_score").noconvert(), py::arg("positive").noconvert(),
               py::arg("num_threads"));
    module.def("binary_histogram", &binary_histogram<T, std::int64_t>, py::arg("y_score").noconvert(),
               py::arg("positive").noconvert(), py::arg("sample_weight").noconvert(), py::arg("bits"),
               py::arg("counts").noconvert());
    module.def("binary_histogram", &binary_histogram<T, double>, py::arg("y_score").noconvert(),
               py::arg("positive").noconvert(), py::arg("sample_weight").noconvert(), py::arg("bits"),
               py::arg("counts").noconvert());
}

}  // namespace

void bind_classification(py::module_ module) {
    bind_ranking<float>(module);
    bind_ranking<double>(module);
    module.def("histogram_thresholds", &histogram_thresholds, py::arg("bits"));
    module.def("confusion_matrix", &confusion_matrix, py::arg("y_true"), py::arg("y_pred"),
               py::arg("sample_weight").noconvert(), py::arg("low"), py::arg("span"), py::arg("ignored"),
               py::arg("num_threads"));
}

}  // namespace metrix::bindings
