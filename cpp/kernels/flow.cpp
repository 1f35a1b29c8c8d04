#include "kernels/flow.hpp"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "kernels/flow/blocks.hpp"
#include "support/instruction_set.hpp"
#include "support/part_sums.hpp"

namespace metrix::flow {

METRIX_DECLARE_FOR_EACH_LEVEL(SumUp, sum_up_block);
METRIX_DECLARE_FOR_EACH_LEVEL(Gather<float>, gather_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Gather<double>, gather_doubles);

namespace {

constexpr Index part_size = Index{1} << 15;

template <class T>
Gather<T> gather_of_this_machine() {
    if constexpr (std::is_same_v<T, float>) {
        return METRIX_OF_THIS_MACHINE(gather_floats);
    } else {
        return METRIX_OF_THIS_MACHINE(gather_doubles);
    }
}

void add_block(Block& block, const Limits& limits, BlockSums& of_block, Exact* sums) {
    const Index filled = (block.count + LaneSums::lanes - 1) / LaneSums::lanes * LaneSums::lanes;
    // Zeros are no outliers and no error.
    for (auto* side : {block.target, block.prediction}) {
        for (Index component = 0; component < 2; ++component) {
            std::fill(side[component] + block.count, side[component] + filled, 0.0);
        }
    }
    METRIX_OF_THIS_MACHINE(sum_up_block)(block, filled, limits, of_block);
    sums[0] = sums[0] + Exact{static_cast<double>(block.count), 0};
    for (Index which = 1; which < sum_count; ++which) sums[which] = sums[which] + total(of_block.of[which]);
    block.count = 0;
}

}  // namespace

template <class T>
void flow_errors(const Vectors<T>& vectors, const Limits& limits, int num_threads, View2<double> sums) {
    const Gather<T> gather = gather_of_this_machine<T>();
    sum_parts(
        vectors.pixels, part_size, num_threads,
        [&](Index image, Index first, Index last, Exact* of_part) {
            const auto block = std::make_unique<Block>();
            const auto of_block = std::make_unique<BlockSums>();
            while (first < last) {
                const Index count = std::min(last - first, gathered_at_once);
                gather(vectors, image, first, count, limits, *block);
                first += count;
                if (block->count >= gathered_at_once || (first == last && block->count > 0)) {
                    add_block(*block, limits, *of_block, of_part);
                }
            }
        },
        sums);
}

template void flow_errors(const Vectors<float>&, const Limits&, int, View2<double>);
template void flow_errors(const Vectors<double>&, const Limits&, int, View2<double>);

}  // namespace metrix::flow
