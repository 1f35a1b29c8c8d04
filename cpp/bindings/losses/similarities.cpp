#include "kernels/losses/similarities.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// What is changed in place: no copy may be made of it.
template <class T>
using InPlace = Array<T>&;

template <class T>
View2<T> in_place(InPlace<T> array, const char* name) {
    view2(array, name);
    return mutable_view2(array);
}

// Labels from 0 to count - 1.
void check_labels(View1<const std::int64_t> labels, Index count) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] < 0 || labels[i] >= count) {
            throw_value_error("labels[" + std::to_string(i) + "]: expected a number from 0 to " +
                              std::to_string(count - 1) + ", got " + std::to_string(labels[i]));
        }
    }
}

losses::Positives positives_of(const Array<std::int64_t>& labels, Index rows, Index columns,
                               const std::optional<Array<std::int64_t>>& starts,
                               const std::optional<Array<std::int64_t>>& members, Index self_of_first) {
    losses::Positives positives;
    positives.labels = view1(labels, "labels", rows);
    positives.self_of_first = self_of_first;
    if (self_of_first >= 0 && self_of_first + rows > columns) throw_value_error("self_of_first: beyond the columns");
    if (!starts || !members) {
        check_labels(positives.labels, columns);
        return positives;
    }
    positives.starts = view1(*starts, "starts");
    positives.members = view1(*members, "members");
    check_labels(positives.labels, ssize(positives.starts) - 1);
    check_labels(positives.members, columns);
    std::int64_t before = 0;
    for (const std::int64_t start : positives.starts) {
        if (start < before || start > ssize(positives.members)) throw_value_error("starts: expected them to ascend");
        before = start;
    }
    return positives;
}

template <class T>
Array<double> softmax_of_similarities(InPlace<T> rows, const Array<std::int64_t>& labels,
                                      const std::optional<Array<std::int64_t>>& starts,
                                      const std::optional<Array<std::int64_t>>& members, Index self_of_first,
                                      const std::optional<Array<double>>& upstream, int num_threads) {
    const View2<T> matrix = in_place(rows, "rows");
    const losses::Positives positives =
        positives_of(labels, matrix.rows, matrix.columns, starts, members, self_of_first);
    View1<const double> factors;
    if (upstream) factors = view1(*upstream, "upstream", matrix.rows);
    Array<double> values(matrix.rows);
    const View1<double> room = mutable_view1(values);
    const py::gil_scoped_release release;
    losses::softmax_of_similarities(matrix, positives, factors, num_threads, room);
    return values;
}

template <class T>
losses::Circle<T> circle_of(InPlace<T> cosines, const Array<T>& labels, double margin, double scale, bool is_triangle) {
    const View2<T> matrix = in_place(cosines, "cosines");
    if (matrix.rows != matrix.columns) throw_value_error("cosines: expected as many rows as columns");
    const losses::CircleForm<T> form{static_cast<T>(margin), static_cast<T>(scale)};
    return {matrix, view1(labels, "labels", matrix.rows), form, is_triangle};
}

// (N, 4): the shift and the sum of pairs of one label, then those of others.
template <class T>
Array<double> circle_sums(InPlace<T> cosines, const Array<T>& labels, double margin, double scale, bool is_triangle,
                          int num_threads) {
    const losses::Circle<T> circle = circle_of(cosines, labels, margin, scale, is_triangle);
    std::vector<losses::CircleSums> sums(labels.size() == 0 ? 0 : static_cast<std::size_t>(labels.size()));
    {
        const py::gil_scoped_release release;
        losses::circle_sums(circle, num_threads, View1<losses::CircleSums>(sums));
    }
    Array<double> result({labels.size(), py::ssize_t{4}});
    const View2<double> room = mutable_view2(result);
    for (Index i = 0; i < room.rows; ++i) {
        const losses::CircleSums& own = sums[static_cast<std::size_t>(i)];
        const double each[] = {own.same.shift, own.same.sum, own.other.shift, own.other.sum};
        std::copy(std::begin(each), std::end(each), room.row(i));
    }
    return result;
}

// slopes: (N, 4), the shifts and the factors of pairs of one label and of others.
template <class T>
void circle_slopes(InPlace<T> cosines, const Array<T>& labels, double margin, double scale, bool is_triangle,
                   const Array<double>& slopes, int num_threads) {
    const losses::Circle<T> circle = circle_of(cosines, labels, margin, scale, is_triangle);
    const View2<const double> given = view2(slopes, "slopes", 4);
    if (given.rows != circle.cosines.rows) throw_value_error("slopes: expected as many rows as cosines");
    std::vector<losses::CircleSlopes<T>> each;
    for (Index i = 0; i < given.rows; ++i) {
        each.push_back({static_cast<T>(given(i, 0)), static_cast<T>(given(i, 1)), static_cast<T>(given(i, 2)),
                        static_cast<T>(given(i, 3))});
    }
    const py::gil_scoped_release release;
    losses::circle_slopes(circle, View1<const losses::CircleSlopes<T>>(each), num_threads);
}

template <class T>
void add_transpose(InPlace<T> matrix, const Array<T>& other, int num_threads) {
    const View2<T> view = in_place(matrix, "matrix");
    const View2<const T> added = view2(other, "other", view.columns);
    if (view.rows != view.columns || added.rows != view.rows) throw_value_error("matrix: expected two square ones");
    const py::gil_scoped_release release;
    losses::add_transpose(view, added, num_threads);
}

template <class T>
py::tuple unit_vectors(const Array<T>& rows, int num_threads) {
    const View2<const T> given = view2(rows, "rows");
    Array<T> units({given.rows, given.columns});
    Array<T> lengths(given.rows);
    const View2<T> room = mutable_view2(units);
    const View1<T> room_of_lengths = mutable_view1(lengths);
    {
        const py::gil_scoped_release release;
        losses::unit_vectors(given, num_threads, room, room_of_lengths);
    }
    return py::make_tuple(units, lengths);
}

template <class T>
void through_unit_vectors(const Array<T>& units, const Array<T>& lengths, InPlace<T> gradient, int num_threads) {
    const View2<const T> given = view2(units, "units");
    const View1<const T> of_rows = view1(lengths, "lengths", given.rows);
    const View2<T> room = in_place(gradient, "gradient");
    if (room.rows != given.rows || room.columns != given.columns) {
        throw_value_error("gradient: expected the shape of units");
    }
    const py::gil_scoped_release release;
    losses::through_unit_vectors(given, of_rows, num_threads, room);
}

template <class T>
Array<double> sums_by_label(const Array<T>& rows, const Array<std::int64_t>& labels, Index count) {
    const View2<const T> given = view2(rows, "rows");
    const View1<const std::int64_t> of_rows = view1(labels, "labels", given.rows);
    check_labels(of_rows, count);
    Array<double> sums({count, given.columns});
    const View2<double> room = mutable_view2(sums);
    std::fill_n(room.data, room.size(), 0.0);
    const py::gil_scoped_release release;
    losses::add_by_label(given, of_rows, room);
    return sums;
}

template <class T>
void bind_for(py::module_& module) {
    module.def("softmax_of_similarities", &softmax_of_similarities<T>, py::arg("rows").noconvert(),
               py::arg("labels").noconvert(), py::arg("starts").noconvert(), py::arg("members").noconvert(),
               py::arg("self_of_first"), py::arg("upstream").noconvert(), py::arg("num_threads"));
    module.def("circle_sums", &circle_sums<T>, py::arg("cosines").noconvert(), py::arg("labels").noconvert(),
               py::arg("margin"), py::arg("scale"), py::arg("is_triangle"), py::arg("num_threads"));
    module.def("circle_slopes", &circle_slopes<T>, py::arg("cosines").noconvert(), py::arg("labels").noconvert(),
               py::arg("margin"), py::arg("scale"), py::arg("is_triangle"), py::arg("slopes").noconvert(),
               py::arg("num_threads"));
    module.def("add_transpose", &add_transpose<T>, py::arg("matrix").noconvert(), py::arg("other").noconvert(),
               py::arg("num_threads"));
    module.def("unit_vectors", &unit_vectors<T>, py::arg("rows").noconvert(), py::arg("num_threads"));
    module.def("through_unit_vectors", &through_unit_vectors<T>, py::arg("units").noconvert(),
               py::arg("lengths").noconvert(), py::arg("gradient").noconvert(), py::arg("num_threads"));
    module.def("sums_by_label", &sums_by_label<T>, py::arg("rows").noconvert(), py::arg("labels").noconvert(),
               py::arg("count"));
}

}  // namespace

void bind_losses_similarities(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
