// metrix._core: one submodule per binding file, and the translation of kernel errors. Nothing else.
#include <pybind11/pybind11.h>

#include "support/error.hpp"
#include "support/parallel.hpp"

namespace py = pybind11;

namespace metrix::bindings {
void bind_batches(py::module_ module);
void bind_boxes(py::module_ module);
void bind_classification(py::module_ module);
void bind_curves(py::module_ module);
void bind_depth(py::module_ module);
void bind_detection(py::module_ module);
void bind_detection_merge(py::module_ module);
void bind_distances(py::module_ module);
void bind_flow(py::module_ module);
void bind_image_quality(py::module_ module);
void bind_keypoints(py::module_ module);
void bind_losses(py::module_ module);
void bind_losses_assignment(py::module_ module);
void bind_losses_detection(py::module_ module);
void bind_losses_lovasz(py::module_ module);
void bind_losses_regions(py::module_ module);
void bind_losses_rows(py::module_ module);
void bind_losses_sequence(py::module_ module);
void bind_losses_similarities(py::module_ module);
void bind_losses_transport(py::module_ module);
void bind_losses_triplets(py::module_ module);
void bind_masks(py::module_ module);
void bind_matching(py::module_ module);
void bind_panoptic(py::module_ module);
void bind_perceptual(py::module_ module);
void bind_records(py::module_ module);
void bind_regression(py::module_ module);
void bind_verification(py::module_ module);
}  // namespace metrix::bindings

namespace {

unsigned long main_thread;  // which need not be the one that imports this

// Only Python's main thread handles signals; other threads need not even ask for the GIL.
bool user_asked_to_stop() {
    if (PyThread_get_thread_ident() != main_thread) return false;
    const py::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

void translate_error(std::exception_ptr pointer) {
    try {
        if (pointer) std::rethrow_exception(pointer);
    } catch (const metrix::Error& error) {
        switch (error.kind()) {
            case metrix::ErrorKind::invalid_value:
                PyErr_SetString(PyExc_ValueError, error.what());
                return;
            case metrix::ErrorKind::invalid_type:
                PyErr_SetString(PyExc_TypeError, error.what());
                return;
            case metrix::ErrorKind::io:
                PyErr_SetString(PyExc_OSError, error.what());
                return;
        }
    } catch (const metrix::Interrupted&) {
        // PyErr_CheckSignals has set the exception of the signal handler, KeyboardInterrupt as a rule.
        if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
}

#define METRIX_TEXT_OF(x) #x
#define METRIX_TEXT(x) METRIX_TEXT_OF(x)

py::dict build_info() {
    py::dict info;
#if defined(__clang__)
    info["compiler"] = "clang " __clang_version__;
#elif defined(__GNUC__)
    info["compiler"] = "gcc " __VERSION__;
#else
    info["compiler"] = "unknown";
#endif
    info["flags"] = METRIX_FLAGS;
    info["openmp"] = METRIX_TEXT(_OPENMP);
    info["pybind11"] = METRIX_TEXT(PYBIND11_VERSION_MAJOR) "." METRIX_TEXT(PYBIND11_VERSION_MINOR);
    return info;
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Kernels of metrix; use the documented functions of the package instead.";
    py::register_exception_translator(translate_error);

    main_thread = py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
    metrix::set_interrupt_check(user_asked_to_stop);
    module.def("in_forked_child", &metrix::in_forked_child);
    module.def("build_info", &build_info);
    module.attr("version") = METRIX_VERSION;  // asking importlib.metadata takes longer than all other imports together

    using namespace metrix::bindings;
    py::module_ detection = module.def_submodule("detection");
    py::module_ losses = module.def_submodule("losses");
    bind_batches(module.def_submodule("batches"));
    bind_boxes(module.def_submodule("boxes"));
    bind_classification(module.def_submodule("classification"));
    bind_curves(module.def_submodule("curves"));
    bind_depth(module.def_submodule("depth"));
    bind_detection(detection);
    bind_detection_merge(detection);
    bind_distances(module.def_submodule("distances"));
    bind_flow(module.def_submodule("flow"));
    bind_image_quality(module.def_submodule("image_quality"));
    bind_keypoints(module.def_submodule("keypoints"));
    bind_losses(losses);
    bind_losses_assignment(losses);
    bind_losses_detection(losses);
    bind_losses_lovasz(losses);
    bind_losses_regions(losses);
    bind_losses_rows(losses);
    bind_losses_sequence(losses);
    bind_losses_similarities(losses);
    bind_losses_transport(losses);
    bind_losses_triplets(losses);
    bind_masks(module.def_submodule("masks"));
    bind_matching(module.def_submodule("matching"));
    bind_panoptic(module.def_submodule("panoptic"));
    bind_perceptual(module.def_submodule("perceptual"));
    bind_records(module.def_submodule("records"));
    bind_regression(module.def_submodule("regression"));
    bind_verification(module.def_submodule("verification"));
}
