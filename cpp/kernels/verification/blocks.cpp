// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/verification/blocks.hpp"

#include "support/lanes.hpp"

namespace metrix::verification {
namespace {

METRIX_INLINE double total(const Lanes& sums) {
    double lane[lane_count];
    store(sums, lane);
    for (int half = lane_count / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    }
    return lane[0];
}

// Calls body with sixteen elements of both at a time; behind the last there are zeros.
template <class T, class Body>
METRIX_INLINE void each_sixteen(const T* a, const T* b, Index count, const Body& body) {
    Index i = 0;
    for (; i + lane_count <= count; i += lane_count) body(load(a + i), load(b + i));
    if (i == count) return;
    T rest[2][lane_count] = {};
    for (Index j = i; j < count; ++j) {
        rest[0][j - i] = a[j];
        rest[1][j - i] = b[j];
    }
    body(load(rest[0]), load(rest[1]));
}

template <class T>
Products products(const T* a, const T* b, Index count) {
    Lanes first = each_lane(0), second = first, both = first;
    each_sixteen(a, b, count, [&](const Lanes& x, const Lanes& y) {
        first = first + x * x;
        second = second + y * y;
        both = both + x * y;
    });
    return {total(first), total(second), total(both)};
}

template <class T>
double dot(const T* a, const T* b, Index count) {
    Lanes sum = each_lane(0);
    each_sixteen(a, b, count, [&](const Lanes& x, const Lanes& y) { sum = sum + x * y; });
    return total(sum);
}

template <class T>
double squared_distance(const T* a, const T* b, Index count) {
    Lanes sum = each_lane(0);
    each_sixteen(a, b, count, [&](const Lanes& x, const Lanes& y) {
        const Lanes difference = x - y;
        sum = sum + difference * difference;
    });
    return total(sum);
}

template <class T>
constexpr Work<T> table() {
    return {products<T>, dot<T>, squared_distance<T>};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Work<float> work_on_floats;
extern const Work<double> work_on_doubles;
constinit const Work<float> work_on_floats = table<float>();
constinit const Work<double> work_on_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::verification
