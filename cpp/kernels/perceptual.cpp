#include "kernels/perceptual.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/perceptual/blocks.hpp"
#include "support/instruction_set.hpp"
#include "support/part_sums.hpp"

namespace metrix::perceptual {

METRIX_DECLARE_FOR_EACH_LEVEL(DistancesOfStrip<float>, distances_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(DistancesOfStrip<double>, distances_of_doubles);

namespace {

template <class T>
DistancesOfStrip<T> distances_of_this_machine() {
    if constexpr (std::is_same_v<T, float>) {
        return METRIX_OF_THIS_MACHINE(distances_of_floats);
    } else {
        return METRIX_OF_THIS_MACHINE(distances_of_doubles);
    }
}

}  // namespace

template <class T>
void lpips(const Features<T>& features, View1<const double> weights, double eps, int num_threads, View2<double> sums) {
    const DistancesOfStrip<T> distances_of = distances_of_this_machine<T>();
    sum_parts(
        features.pixels, 4 * strip_size, num_threads,
        [&](Index image, Index first, Index last, Exact* sum) {
            double distances[strip_size];
            for (Index begin = first; begin < last; begin += strip_size) {
                const Index from = image * features.channels * features.pixels + begin;
                const Index count = std::min(strip_size, last - begin);
                distances_of({features.first + from, features.second + from, features.channels, features.pixels, count},
                             weights.empty() ? nullptr : weights.data(), eps, distances);
                for (Index j = 0; j < count; ++j) *sum = *sum + Exact{distances[j], 0};
            }
        },
        sums);
}

template void lpips(const Features<float>&, View1<const double>, double, int, View2<double>);
template void lpips(const Features<double>&, View1<const double>, double, int, View2<double>);

}  // namespace metrix::perceptual
