#include "kernels/losses/pairwise.hpp"

#include <algorithm>

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
    // Of the distances of points to themselves one half is worked out: those from the panel of the diagonal on.
    const bool is_symmetric = x.data == y.data && x.rows == y.rows;
    parallel_for(x.rows, num_threads, [&](Index i, int) {
        const Index first = is_symmetric ? i / panel_width * panel_width : 0;
        double* const row = result.row(i) + first;
        blocks.squared_distances(x.row(i), panels.data() + first * x.columns, x.columns, y.rows - first, row);
        if (!squared) blocks.square_root(row, y.rows - first);
    });
    if (!is_symmetric) return;
    parallel_for((x.rows + panel_width - 1) / panel_width, num_threads, [&](Index panel, int) {
        const Index first = panel * panel_width, last = std::min(x.rows, first + panel_width);
        for (Index j = 0; j < first; j += panel_width) {
            for (Index i = first; i < last; ++i) {
                for (Index k = j; k < j + panel_width; ++k) result(i, k) = result(k, i);
            }
        }
    });
}

}  // namespace metrix::losses
