#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "bindings/convert.hpp"
#include "kernels/classification/confusion.hpp"

namespace metrix::bindings {
namespace {

using classification::Coding;
using classification::Labels;
using classification::LabelType;

Labels labels_of(const py::array& array, const char* name) {
    if (array.ndim() != 1 || (array.flags() & py::array::c_style) == 0) {
        throw_value_error(std::string(name) + ": expected a contiguous array of shape (N,), got " + shape_text(array));
    }
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

}  // namespace

void bind_classification(py::module_ module) {
    module.def("confusion_matrix", &confusion_matrix, py::arg("y_true"), py::arg("y_pred"),
               py::arg("sample_weight").noconvert(), py::arg("low"), py::arg("span"), py::arg("ignored"),
               py::arg("num_threads"));
}

}  // namespace metrix::bindings
