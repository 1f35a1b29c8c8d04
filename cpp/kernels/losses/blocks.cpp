// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/losses/blocks.hpp"

#include "kernels/losses/classification.hpp"
#include "kernels/losses/regression.hpp"
#include "kernels/losses/robust.hpp"
#include "kernels/losses/sum_lanes.hpp"

namespace metrix::losses {
namespace {

// Outputs lie apart from inputs: where they might not, each loop would be there twice, a quarter of all of this file.
template <class T, class F, bool wants_value, bool wants_gradient, bool wants_curvature>
void terms(const T* x, const T* y, const T* each, Index count, const T* parameters, T* __restrict value,
           T* __restrict gradient, T* __restrict curvature) {
    T own[3] = {parameters[0], parameters[1], parameters[2]};  // in registers: no output can change them
    if constexpr (requires { F::varies; }) {
        if (each != nullptr) {
            for (Index i = 0; i < count; ++i) {
                const T mixed[3] = {each[i], own[1], own[2]};
                const Terms<T> of = F::at(x[i], y[i], mixed);
                if constexpr (wants_value) value[i] = of.value;
                if constexpr (wants_gradient) gradient[i] = of.gradient;
                if constexpr (wants_curvature) curvature[i] = of.curvature;
            }
            return;
        }
    }
    for (Index i = 0; i < count; ++i) {
        const Terms<T> of = F::at(x[i], y[i], own);
        if constexpr (wants_value) value[i] = of.value;
        if constexpr (wants_gradient) gradient[i] = of.gradient;
        if constexpr (wants_curvature) curvature[i] = of.curvature;
    }
}

template <class T, class F>
constexpr typename Blocks<T>::OfFormula of_formula() {
    return {terms<T, F, true, false, false>, terms<T, F, true, true, false>, terms<T, F, false, true, true>};
}

#define METRIX_FUNCTION(name)                                                  \
    template <class T>                                                         \
    void each_##name(const T* x, T* result, Index count) {                     \
        for (Index i = 0; i < count; ++i) result[i] = vector_math::name(x[i]); \
    }
METRIX_FUNCTION(exp)
METRIX_FUNCTION(expm1)
METRIX_FUNCTION(log)
METRIX_FUNCTION(log1p)
METRIX_FUNCTION(atan)
#undef METRIX_FUNCTION

// What counts nothing is 0, whatever it was.
template <class T>
void multiply(T* values, const T* factors, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = factors[i] == T(0) ? T(0) : values[i] * factors[i];
}

template <class T>
void scale(T* values, T factor, Index count) {
    for (Index i = 0; i < count; ++i) values[i] *= factor;
}

template <class T>
void clear(T* values, const std::uint8_t* kept, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = kept[i] != 0 ? values[i] : T(0);
}

template <class T>
void raise(T* values, T least, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = values[i] < least ? least : values[i];
}

template <class T>
void rectify(T* values, Index count) {
    for (Index i = 0; i < count; ++i) values[i] = magnitude(values[i]);
}

// The sum, and exactly what rounding took from it.
METRIX_INLINE void add_exactly(double& sum, double& lost, double value) {
    const double total = sum + value;
    const double part = total - sum;
    lost += (sum - (total - part)) + (value - part);
    sum = total;
}

void add_doubles(Sum& sum, const double* values, Index count) {
    SumLanes lanes(sum);
    Index i = 0;
    for (; i + Sum::lanes <= count; i += Sum::lanes) lanes.add_exactly(values + i);
    Sum own;
    lanes.store(own);
    for (int lane = 0; i < count; ++i, ++lane) add_exactly(own.sum[lane], own.lost[lane], values[i]);
    sum = own;
}

// Doubles hold sums of floats far below a float's rounding.
void add_floats(Sum& sum, const float* values, Index count) {
    Sum own = sum;
    Index i = 0;
    for (; i + Sum::lanes <= count; i += Sum::lanes) {
        for (int lane = 0; lane < Sum::lanes; ++lane) own.sum[lane] += static_cast<double>(values[i + lane]);
    }
    for (int lane = 0; i < count; ++i, ++lane) own.sum[lane] += static_cast<double>(values[i]);
    sum = own;
}

template <class T>
constexpr Blocks<T> table(void (*add)(Sum&, const T*, Index)) {
    return {{
#define METRIX_OF(name) of_formula<T, name>(),
                METRIX_ELEMENTWISE_LOSSES(METRIX_OF)
#undef METRIX_OF
            },
            each_exp<T>,
            each_expm1<T>,
            each_log<T>,
            each_log1p<T>,
            each_atan<T>,
            multiply<T>,
            scale<T>,
            clear<T>,
            raise<T>,
            rectify<T>,
            add};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Blocks<float> blocks_of_floats;
extern const Blocks<double> blocks_of_doubles;
constinit const Blocks<float> blocks_of_floats = table<float>(add_floats);
constinit const Blocks<double> blocks_of_doubles = table<double>(add_doubles);
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
