#include "kernels/panoptic.hpp"

#include <string>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

using panoptic::Pixels;
using panoptic::PixelType;
using panoptic::Segments;

Pixels pixels_of(const py::array& ids, const char* name) {
    const bool is_rgb = ids.ndim() == 3 && ids.shape(2) == 3 && ids.dtype().kind() == 'u' && ids.itemsize() == 1;
    if ((ids.ndim() != 2 && !is_rgb) || (ids.flags() & py::array::c_style) == 0) {
        throw_value_error(std::string(name) + ": expected shape (H, W), got " + shape_text(ids));
    }
    if (is_rgb) return {ids.data(), PixelType::rgb, ids.shape(0) * ids.shape(1)};
    const char order = ids.dtype().byteorder();
    if (order != '=' && order != '|')
        throw_value_error(std::string(name) + ": expected the byte order of this machine");
    const bool is_signed = ids.dtype().kind() == 'i';
    if (!is_signed && ids.dtype().kind() != 'u') throw_value_error(std::string(name) + ": expected integers");
    PixelType type{};
    switch (ids.itemsize()) {
        case 1:
            type = is_signed ? PixelType::int8 : PixelType::uint8;
            break;
        case 2:
            type = is_signed ? PixelType::int16 : PixelType::uint16;
            break;
        case 4:
            type = is_signed ? PixelType::int32 : PixelType::uint32;
            break;
        default:
            type = is_signed ? PixelType::int64 : PixelType::uint64;
    }
    return {ids.data(), type, ids.size()};
}

// The rows: (S, 4) of id, category, area and crowd.
struct Columns {
    std::vector<std::uint32_t> id;
    std::vector<std::int32_t> category;
    std::vector<std::int64_t> area;
    std::vector<std::uint8_t> is_crowd;

    Columns(const Array<std::int64_t>& rows, const char* name, Index categories) {
        const auto view = view2(rows, name, 4);
        for (Index i = 0; i < view.rows; ++i) {
            if (view(i, 0) <= 0 || view(i, 0) > 0xffffffff) {
                throw_value_error(std::string(name) + "[" + std::to_string(i) + "]: expected an id from 1 to 2^32 - 1" +
                                  ", got " + std::to_string(view(i, 0)));
            }
            if (view(i, 1) < 0 || view(i, 1) >= categories) throw_value_error(std::string(name) + ": unknown category");
            id.push_back(static_cast<std::uint32_t>(view(i, 0)));
            category.push_back(static_cast<std::int32_t>(view(i, 1)));
            area.push_back(view(i, 2));
            is_crowd.push_back(view(i, 3) != 0);
        }
    }

    [[nodiscard]] Segments segments() const { return {id, category, area, is_crowd}; }
};

// (categories, state_size): the counts of one image.
Array<std::int64_t> panoptic_quality(const py::array& y_true, const py::array& y_pred,
                                     const Array<std::int64_t>& true_segments, const Array<std::int64_t>& pred_segments,
                                     Index categories, int num_threads) {
    const Pixels truth = pixels_of(y_true, "y_true");
    const Pixels predicted = pixels_of(y_pred, "y_pred");
    if (y_true.shape(0) != y_pred.shape(0) || y_true.shape(1) != y_pred.shape(1)) {
        throw_value_error("y_pred: expected the height and width of y_true, " + shape_text(y_true) + ", got " +
                          shape_text(y_pred));
    }
    const Columns true_columns(true_segments, "true_segments", categories);
    const Columns pred_columns(pred_segments, "pred_segments", categories);
    Array<std::int64_t> state({categories, static_cast<Index>(panoptic::state_size)});
    const auto output = mutable_view2(state);
    std::fill_n(output.data, output.size(), 0);
    {
        const py::gil_scoped_release release;
        panoptic::panoptic_quality(truth, predicted, true_columns.segments(), pred_columns.segments(), num_threads,
                                   output);
    }
    return state;
}

}  // namespace

void bind_panoptic(py::module_ module) {
    module.def("panoptic_quality", &panoptic_quality, py::arg("y_true"), py::arg("y_pred"),
               py::arg("true_segments").noconvert(), py::arg("pred_segments").noconvert(), py::arg("categories"),
               py::arg("num_threads"));
    module.attr("state_size") = static_cast<int>(panoptic::state_size);
}

}  // namespace metrix::bindings
