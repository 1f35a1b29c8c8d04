#include "kernels/losses/sequence.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// (values, gradient): no gradient without upstream. The caller has checked lengths against frames and labels against
// classes, as it knows how they were written.
template <class T>
py::tuple ctc_loss(const Array<T>& scores, const Array<std::int64_t>& targets,
                   const Array<std::int64_t>& target_offsets, const Array<std::int64_t>& input_lengths, Index blank,
                   bool from_logits, bool zero_infinity, const std::optional<Array<double>>& upstream,
                   int num_threads) {
    if (scores.ndim() != 3) throw_value_error("pred: expected shape (T, B, C), got " + shape_text(scores));
    losses::Ctc<T> problem;
    problem.scores = scores.data();
    problem.frames = scores.shape(0);
    problem.batch = scores.shape(1);
    problem.classes = scores.shape(2);
    problem.targets = view1(targets, "targets");
    problem.target_offsets = view1(target_offsets, "target_offsets", problem.batch + 1);
    problem.input_lengths = view1(input_lengths, "input_lengths", problem.batch);
    problem.blank = blank;
    problem.from_logits = from_logits;
    problem.zero_infinity = zero_infinity;
    Array<double> values(problem.batch);
    problem.values = mutable_view1(values);
    std::optional<Array<T>> gradient;
    if (upstream) {
        problem.upstream = view1(*upstream, "grad_output", problem.batch);
        gradient.emplace(std::vector<py::ssize_t>(scores.shape(), scores.shape() + 3));
        problem.gradient = gradient->mutable_data();
    }
    {
        const py::gil_scoped_release release;
        losses::ctc_loss(problem, num_threads);
    }
    return py::make_tuple(values, gradient);
}

template <class T>
void bind_for(py::module_& module) {
    module.def("ctc_loss", &ctc_loss<T>, py::arg("scores").noconvert(), py::arg("targets").noconvert(),
               py::arg("target_offsets").noconvert(), py::arg("input_lengths").noconvert(), py::arg("blank"),
               py::arg("from_logits"), py::arg("zero_infinity"), py::arg("upstream").noconvert(),
               py::arg("num_threads"));
}

}  // namespace

void bind_losses_sequence(py::module_ module) {
    bind_for<float>(module);
    bind_for<double>(module);
}

}  // namespace metrix::bindings
