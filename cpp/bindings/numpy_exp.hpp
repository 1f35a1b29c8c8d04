// NumPy's own exponential of doubles, callable without the GIL.
//
// numpy.exp is not the same function everywhere: its last bit depends on NumPy's version and on the instruction sets of
// the machine. What must equal a reference that calls numpy.exp must call the same code. So the inner loop for float64
// is taken out of the ufunc object, whose head is part of NumPy's public C interface (ufuncobject.h) and which is a
// plain C function that needs no Python. Found by trial as well: the result of an element depends neither on its
// position nor on the length of the array, and working in place changes nothing.
//
// Before it is used, the loop is compared with numpy.exp; if it cannot be found or differs, numpy.exp itself is called,
// with the GIL.
#pragma once

#include <pybind11/gil_safe_call_once.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support/view.hpp"

namespace metrix::bindings {

namespace py = pybind11;

class NumpyExp {
  public:
    // Needs the GIL; the first call looks for the loop.
    static const NumpyExp& get() {
        PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<NumpyExp> storage;
        return storage.call_once_and_store_result([] { return NumpyExp(); }).get_stored();
    }

    [[nodiscard]] bool is_direct() const { return loop_ != nullptr; }

    // Replaces values by their exponentials. Needs no GIL and takes none.
    void direct(double* values, Index count) const { run(loop_, data_, values, count); }

    // The same through Python, whatever the thread holds. Floating-point warnings are off, as a kernel gives none.
    void through_python(double* values, Index count) const {
        const py::gil_scoped_acquire gil;
        const py::object quiet = errstate_(py::arg("all") = "ignore");
        quiet.attr("__enter__")();
        const py::array_t<double> array(count, values, py::none());  // a view: the base says who owns the memory
        exp_(array, py::arg("out") = array);
        quiet.attr("__exit__")(py::none(), py::none(), py::none());
    }

    void operator()(double* values, Index count) const {
        if (is_direct()) {
            direct(values, count);
        } else {
            through_python(values, count);
        }
    }

  private:
    using Loop = void (*)(char** arguments, const Py_ssize_t* sizes, const Py_ssize_t* strides, void* data);

    // The first fields of PyUFuncObject.
    struct UfuncHead {
        PyObject_HEAD int nin, nout, nargs, identity;
        Loop* functions;
        void* const* data;
        int ntypes;
    };

    NumpyExp() {
        const auto numpy = py::module_::import("numpy");
        exp_ = numpy.attr("exp");
        errstate_ = numpy.attr("errstate");
#ifndef PYPY_VERSION
        find_loop(numpy);
        if (is_direct() && !equals_numpy()) loop_ = nullptr;
#endif
    }

    static void run(Loop loop, void* data, double* values, Index count) {
        char* arguments[2] = {reinterpret_cast<char*>(values), reinterpret_cast<char*>(values)};
        const Py_ssize_t size = count;
        const Py_ssize_t strides[2] = {sizeof(double), sizeof(double)};
        loop(arguments, &size, strides, data);
    }

    // The layout is read only where it is known, and only as far as what it says agrees with what Python says.
    void find_loop(const py::module_& numpy) {
        const auto version = py::cast<std::string>(numpy.attr("__version__"));
        if (version.rfind("1.", 0) != 0 && version.rfind("2.", 0) != 0) return;
        if (!py::type::of(exp_).is(numpy.attr("ufunc"))) return;
        const auto* head = reinterpret_cast<const UfuncHead*>(exp_.ptr());
        const auto agrees = [&](const char* name, int value) { return py::cast<int>(exp_.attr(name)) == value; };
        if (!agrees("nin", head->nin) || !agrees("nout", head->nout) || !agrees("nargs", head->nargs) ||
            !agrees("ntypes", head->ntypes) || head->functions == nullptr) {
            return;
        }
        const auto types = py::cast<std::vector<std::string>>(exp_.attr("types"));
        for (std::size_t i = 0; i < types.size(); ++i) {
            if (types[i] != "d->d") continue;
            loop_ = head->functions[i];
            data_ = head->data == nullptr ? nullptr : head->data[i];
            return;
        }
    }

    [[nodiscard]] bool equals_numpy() const {
        std::vector<double> values = {0.0, -0.0, 1.0, -1e-300, 5e-324, -708.3, -708.5, -740.0, -745.5, 709.7, 710.0};
        values.push_back(std::numeric_limits<double>::infinity());
        values.push_back(-std::numeric_limits<double>::infinity());
        values.push_back(std::numeric_limits<double>::quiet_NaN());
        // Irregular steps over the range that matters to similarities, and beyond.
        for (int i = 1; i < 400; ++i) values.push_back(-0.0137 * i * i / (1 + i % 7));
        for (const std::size_t length : {std::size_t(1), std::size_t(5), std::size_t(17), values.size()}) {
            std::vector<double> ours(values.end() - static_cast<Index>(length), values.end());
            std::vector<double> theirs = ours;
            direct(ours.data(), static_cast<Index>(length));
            through_python(theirs.data(), static_cast<Index>(length));
            for (std::size_t i = 0; i < length; ++i) {
                const bool both_nan = ours[i] != ours[i] && theirs[i] != theirs[i];
                if (!both_nan && std::memcmp(&ours[i], &theirs[i], sizeof(double)) != 0) return false;
            }
        }
        return true;
    }

    py::object exp_, errstate_;
    Loop loop_ = nullptr;
    void* data_ = nullptr;
};

}  // namespace metrix::bindings
