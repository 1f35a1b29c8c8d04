// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/losses/strips.hpp"

#include "kernels/losses/divergence.hpp"
#include "kernels/losses/multiclass.hpp"

namespace metrix::losses {
namespace {

template <class T, class F, bool wants_gradient, bool wants_curvature>
void work(Strip<T>& strip) {
    F::template work<T, wants_gradient, wants_curvature>(strip);
}

template <class T, class F>
constexpr typename Strips<T>::OfFormula of_formula() {
    return {work<T, F, false, false>, work<T, F, true, false>, work<T, F, true, true>};
}

template <class T>
void multiply_lanes(T* steps, const T* factors, Index count) {
    T own[lanes];
    for (int lane = 0; lane < lanes; ++lane) own[lane] = factors[lane];
    for (Index step = 0; step < count; ++step) {
        for (int lane = 0; lane < lanes; ++lane) steps[step * lanes + lane] *= own[lane];
    }
}

template <class T>
constexpr Strips<T> table() {
    return {{
#define METRIX_OF(name) of_formula<T, name>(),
                METRIX_ROW_LOSSES(METRIX_OF)
#undef METRIX_OF
            },
            multiply_lanes<T>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Strips<float> strips_of_floats;
extern const Strips<double> strips_of_doubles;
constinit const Strips<float> strips_of_floats = table<float>();
constinit const Strips<double> strips_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
