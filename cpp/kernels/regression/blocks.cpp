// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// two tables: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/regression/blocks.hpp"

#include <limits>

#include "support/lanes.hpp"
#include "support/vector_math.hpp"

namespace metrix::regression {
namespace {

// One sum of each lane. Doubles keep what rounding takes; sums of 64 terms made of floats need not.
template <bool keeps>
METRIX_INLINE void add(Lanes& sum, Lanes& lost, const Lanes& value) {
    if constexpr (keeps) {
        const Lanes total = sum + value;
        const Lanes part = total - sum;
        lost = lost + ((sum - (total - part)) + (value - part));
        sum = total;
    } else {
        sum = sum + value;
    }
}

// What elements contribute to the sums of a group, and candidates for its least and largest values.
template <int sums>
struct Terms {
    Lanes sum[sums];
    Lanes low;
    Lanes high;
    Lanes largest;  // |r|
};

constexpr auto none = ExtremeOf::count;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Errors {
    static constexpr int sums = 3;
    static constexpr SumOf to[] = {SumOf::error, SumOf::absolute_error, SumOf::squared_error};
    static constexpr ExtremeOf low = none;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = true;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes&, const Lanes&, Terms<sums>& terms) {
        const Lanes r = x - y;
        const Lanes size = magnitude(r);
        terms.sum[0] = r;
        terms.sum[1] = size;
        terms.sum[2] = r * r;
        terms.largest = size;
    }
};

struct Centred {
    static constexpr int sums = 2;
    static constexpr SumOf to[] = {SumOf::centred_error, SumOf::centred_squares};
    static constexpr ExtremeOf low = none;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes& centre, const Lanes&,
                                 Terms<sums>& terms) {
        const Lanes d = (x - y) - centre;
        terms.sum[0] = d;
        terms.sum[1] = d * d;
    }
};

struct Targets {
    static constexpr int sums = 3;
    static constexpr SumOf to[] = {SumOf::target, SumOf::squared_target, SumOf::absolute_target};
    static constexpr ExtremeOf low = ExtremeOf::least_target;
    static constexpr ExtremeOf high = ExtremeOf::largest_target;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes&, const Lanes& centre, const Lanes&, Terms<sums>& terms) {
        const Lanes d = y - centre;
        terms.sum[0] = d;
        terms.sum[1] = d * d;
        terms.sum[2] = magnitude(y);
        terms.low = y;
        terms.high = y;
    }
};

// Errors and targets in one go.
struct Both {
    static constexpr int sums = 6;
    static constexpr SumOf to[] = {SumOf::error,  SumOf::absolute_error, SumOf::squared_error,
                                   SumOf::target, SumOf::squared_target, SumOf::absolute_target};
    static constexpr ExtremeOf low = ExtremeOf::least_target;
    static constexpr ExtremeOf high = ExtremeOf::largest_target;
    static constexpr bool tells_largest = true;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes& centre, const Lanes&,
                                 Terms<sums>& terms) {
        const Lanes r = x - y;
        const Lanes size = magnitude(r);
        const Lanes d = y - centre;
        terms.sum[0] = r;
        terms.sum[1] = size;
        terms.sum[2] = r * r;
        terms.sum[3] = d;
        terms.sum[4] = d * d;
        terms.sum[5] = magnitude(y);
        terms.low = y;
        terms.high = y;
        terms.largest = size;
    }
};

struct Squares {
    static constexpr int sums = 1;
    static constexpr SumOf to[] = {SumOf::squared_error};
    static constexpr ExtremeOf low = none;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes&, const Lanes&, Terms<sums>& terms) {
        const Lanes r = x - y;
        terms.sum[0] = r * r;
    }
};

struct Fit {
    static constexpr int sums = 3;
    static constexpr SumOf to[] = {SumOf::squared_error, SumOf::target, SumOf::squared_target};
    static constexpr ExtremeOf low = none;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes& centre, const Lanes&,
                                 Terms<sums>& terms) {
        const Lanes r = x - y;
        const Lanes d = y - centre;
        terms.sum[0] = r * r;
        terms.sum[1] = d;
        terms.sum[2] = d * d;
    }
};

struct Relatives {
    static constexpr int sums = 6;
    static constexpr SumOf to[] = {SumOf::relative,    SumOf::relative_squares, SumOf::symmetric,
                                   SumOf::zero_weight, SumOf::zero_absolute,    SumOf::zero_squared};
    static constexpr ExtremeOf low = none;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes&, const Lanes& eps, Terms<sums>& terms) {
        const Lanes zero = each_lane(0);
        const Lanes one = each_lane(1);
        const Lanes r = x - y;
        const Lanes size = magnitude(r);
        const Lanes scale = magnitude(y);
        const LaneMask is_zero = y == zero;
        const Lanes relative = where(is_zero, zero, size / greater(scale, eps));
        const Lanes both = scale + magnitude(x);
        terms.sum[0] = relative;
        terms.sum[1] = relative * relative;
        terms.sum[2] = (size + size) / where(both == zero, one, both);
        terms.sum[3] = where(is_zero, one, zero);
        terms.sum[4] = where(is_zero, size, zero);
        terms.sum[5] = where(is_zero, r * r, zero);
    }
};

// Terms that were worked out before, in y, and their least value, in x.
struct Prepared {
    static constexpr int sums = 1;
    static constexpr SumOf to[] = {SumOf::logarithmic};
    static constexpr ExtremeOf low = ExtremeOf::least;
    static constexpr ExtremeOf high = none;
    static constexpr bool tells_largest = false;
    static METRIX_INLINE void at(const Lanes& y, const Lanes& x, const Lanes&, const Lanes&, Terms<sums>& terms) {
        terms.sum[0] = y;
        terms.low = x;
    }
};

template <class G>
struct Running {
    Lanes sum[G::sums];
    Lanes lost[G::sums];
    Lanes low = each_lane(infinity);
    Lanes high = each_lane(-infinity);
    Lanes largest = each_lane(-infinity);

    METRIX_INLINE Running() {
        for (Lanes& lanes_of : sum) lanes_of = each_lane(0);
        for (Lanes& lanes_of : lost) lanes_of = each_lane(0);
    }
};

template <class T, class G, bool weighs, bool keeps>
METRIX_INLINE void sum_up(const T* target, const T* prediction, const Block<T>& block, double centre_of_block,
                          BlockSums& result) {
    Running<G> running;
    const Lanes centre = each_lane(centre_of_block);
    const Lanes eps = each_lane(block.eps);
    Index i = 0;
    Lanes y;
    Lanes x;
    Lanes w = each_lane(1);
    Terms<G::sums> terms;
    for (; i + lane_count <= block.count; i += lane_count) {
        y = load(target + i);
        x = load(prediction + i);
        if constexpr (weighs) w = load(block.weight + i);
        G::at(y, x, centre, eps, terms);
        for (int k = 0; k < G::sums; ++k) {
            add<keeps>(running.sum[k], running.lost[k], weighs ? w * terms.sum[k] : terms.sum[k]);
        }
        if constexpr (G::low != none) running.low = lesser(running.low, terms.low);
        if constexpr (G::high != none) running.high = greater(running.high, terms.high);
        if constexpr (G::tells_largest) running.largest = greater(running.largest, terms.largest);
    }
    if (i < block.count) {  // what is left, beside lanes that repeat an element and take no part
        double rest[4][lane_count];
        for (int lane = 0; lane < lane_count; ++lane) {
            const Index from = i + lane < block.count ? i + lane : i;
            rest[0][lane] = static_cast<double>(target[from]);
            rest[1][lane] = static_cast<double>(prediction[from]);
            rest[2][lane] = weighs ? block.weight[from] : 1;
            rest[3][lane] = i + lane < block.count ? 1 : 0;
        }
        y = load(rest[0]);
        x = load(rest[1]);
        w = load(rest[2]);
        const Lanes part = load(rest[3]);
        G::at(y, x, centre, eps, terms);
        const LaneMask takes_part = part == each_lane(1);
        for (int k = 0; k < G::sums; ++k) {
            const Lanes term = weighs ? w * terms.sum[k] : terms.sum[k];
            add<keeps>(running.sum[k], running.lost[k], where(takes_part, term, each_lane(0)));
        }
        if constexpr (G::low != none) running.low = lesser(running.low, terms.low);
        if constexpr (G::high != none) running.high = greater(running.high, terms.high);
        if constexpr (G::tells_largest) running.largest = greater(running.largest, terms.largest);
    }
    for (int k = 0; k < G::sums; ++k) {
        store(running.sum[k], result[G::to[k]].sum);
        store(running.lost[k], result[G::to[k]].lost);
    }
    if constexpr (G::low != none) store(running.low, result[G::low]);
    if constexpr (G::high != none) store(running.high, result[G::high]);
    if constexpr (G::tells_largest) store(running.largest, result[ExtremeOf::largest_error]);
}

template <class T>
constexpr bool is_wide = sizeof(T) == sizeof(double);

template <class T, class G, bool weighs>
void each(const Block<T>& block, double centre, BlockSums& result) {
    sum_up<T, G, weighs, is_wide<T>>(block.target, block.prediction, block, centre, result);
}

// log(1 + x) - log(1 + y) is log(1 + |x - y| / (1 + min)) up to its sign: one logarithm, and no difference of two that
// are almost equal.
template <class T, bool weighs>
void logarithms(const Block<T>& block, double, BlockSums& result) {
    double squares[logarithm_block];
    double least[logarithm_block];
    for (Index i = 0; i < block.count; ++i) {
        const double y = static_cast<double>(block.target[i]);
        const double x = static_cast<double>(block.prediction[i]);
        const double difference = x - y;
        const double lower = x < y ? x : y;
        least[i] = lower;
        squares[i] = (difference < 0 ? -difference : difference) / (1 + lower);
    }
    for (Index i = 0; i < block.count; ++i) {
        const double d = vector_math::log1p(squares[i]);
        squares[i] = d * d;
    }
    const Block<double> prepared{squares, least, block.weight, block.count, block.eps};
    sum_up<double, Prepared, weighs, is_wide<T>>(squares, least, prepared, 0, result);
}

template <class T>
void weights(const Block<T>& block, double, BlockSums& result) {
    const Block<double> prepared{block.weight, block.weight, nullptr, block.count, 0};
    BlockSums own;
    sum_up<double, Prepared, false, true>(block.weight, block.weight, prepared, 0, own);
    result[SumOf::weight] = own[SumOf::logarithmic];
}

template <class T>
constexpr Work<T> table() {
    return {weights<T>,
            {each<T, Errors, false>, each<T, Errors, true>},
            {each<T, Centred, false>, each<T, Centred, true>},
            {each<T, Targets, false>, each<T, Targets, true>},
            {each<T, Both, false>, each<T, Both, true>},
            {each<T, Relatives, false>, each<T, Relatives, true>},
            {logarithms<T, false>, logarithms<T, true>},
            {each<T, Squares, false>, each<T, Squares, true>},
            {each<T, Fit, false>, each<T, Fit, true>}};
}

}  // namespace

namespace METRIX_LEVEL {
extern const Work<float> work_on_floats;
extern const Work<double> work_on_doubles;
constinit const Work<float> work_on_floats = table<float>();
constinit const Work<double> work_on_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::regression
