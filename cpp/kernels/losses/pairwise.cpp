#include "kernels/losses/pairwise.hpp"

#include "support/buffer.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(PairwiseBlocks, pairwise_blocks);

const PairwiseBlocks& pairwise_blocks() {
    return METRIX_OF_THIS_MACHINE(pairwise_blocks);
}

void pairwise_distances(View2<const double> x, View2<const double> y, bool squared, int num_threads,
                        View2<double> result) {
    const PairwiseBlocks& blocks = pairwise_blocks();
    Buffer<double> panels(static_cast<std::size_t>((y.rows + panel_width - 1) / panel_width * panel_width * y.columns));
    for (Index j = 0; j < y.rows; ++j) {
        double* const panel = panels.data() + j / panel_width * panel_width * y.columns + j % panel_width;
        for (Index k = 0; k < y.columns; ++k) panel[k * panel_width] = y(j, k);
    }
    for (Index j = y.rows; j % panel_width != 0; ++j) {
        double* const panel = panels.data() + j / panel_width * panel_width * y.columns + j % panel_width;
        for (Index k = 0; k < y.columns; ++k) panel[k * panel_width] = 0;
    }
    parallel_for(x.rows, num_threads, [&](Index i, int) {
        blocks.squared_distances(x.row(i), panels.data(), x.columns, y.rows, result.row(i));
        if (!squared) blocks.square_root(result.row(i), y.rows);
    });
}

}  // namespace metrix::losses
