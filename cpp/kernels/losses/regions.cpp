#include "kernels/losses/regions.hpp"

#include <algorithm>

#include "kernels/losses/reduction.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {
namespace {

// The blocks of a region, in chunks that are worked on by one thread each.
template <class T>
struct Division {
    explicit Division(const Regions<T>& regions)
        : layout(regions.pixels.layout),
          block_size(PixelBlock<T>::size(layout.classes)),
          blocks_per_sample((layout.pixels + block_size - 1) / block_size),
          samples_per_region(regions.is_batch ? layout.samples : 1),
          blocks_per_region(samples_per_region * blocks_per_sample),
          blocks_per_chunk(std::max<Index>(1, chunk_elements / (block_size * std::max<Index>(layout.classes, 1)))),
          chunks_per_region((blocks_per_region + blocks_per_chunk - 1) / blocks_per_chunk) {}

    // Calls work(block) for each block of a chunk after it is loaded.
    template <class Work>
    void for_each_block(Index region, Index chunk, PixelBlock<T>& block, Work&& work) const {
        const Index end = std::min(blocks_per_region, (chunk + 1) * blocks_per_chunk);
        for (Index i = chunk * blocks_per_chunk; i < end; ++i) {
            const Index first = i % blocks_per_sample * block_size;
            const Index count = std::min(block_size, layout.pixels - first);
            block.load(region * samples_per_region + i / blocks_per_sample, first, count);
            work(count);
        }
    }

    static constexpr Index chunk_elements = Index{1} << 16;
    Layout layout;
    Index block_size, blocks_per_sample, samples_per_region, blocks_per_region, blocks_per_chunk, chunks_per_region;
};

}  // namespace

template <class T>
void region_sums(const Regions<T>& regions, View1<double> sums, View1<double> kept, int num_threads) {
    const Division<T> division(regions);
    const RegionBlocks<T>& blocks = region_blocks<T>();
    const auto add = blocks.add[static_cast<int>(regions.sums)];
    const Index classes = division.layout.classes;
    const auto per_chunk = static_cast<std::size_t>(classes * sum_count);
    const Index chunk_count = regions.count() * division.chunks_per_region;
    std::vector<Total> totals(static_cast<std::size_t>(chunk_count) * per_chunk);
    std::vector<Index> kept_of_chunk(static_cast<std::size_t>(chunk_count));
    parallel_for(chunk_count, num_threads, [&](Index item, int) {
        PixelBlock<T> block(regions.pixels);
        std::vector<Sum> own(per_chunk);
        const Index region = item / division.chunks_per_region, chunk = item % division.chunks_per_region;
        division.for_each_block(region, chunk, block, [&](Index count) {
            kept_of_chunk[static_cast<std::size_t>(item)] += block.kept_count();
            for (Index c = 0; c < classes; ++c) {
                add(block.probability(c), block.target(c), count, own.data() + c * sum_count);
            }
        });
        Total* const to = totals.data() + static_cast<std::size_t>(item) * per_chunk;
        for (std::size_t i = 0; i < per_chunk; ++i) to[i].add(own[i]);
    });
    for (Index region = 0; region < regions.count(); ++region) {
        std::vector<Total> total(per_chunk);
        double& count = kept[static_cast<std::size_t>(region)];
        count = 0;
        for (Index chunk = 0; chunk < division.chunks_per_region; ++chunk) {
            const auto item = static_cast<std::size_t>(region * division.chunks_per_region + chunk);
            for (std::size_t i = 0; i < per_chunk; ++i) total[i].add(totals[item * per_chunk + i]);
            count += static_cast<double>(kept_of_chunk[item]);
        }
        for (std::size_t i = 0; i < per_chunk; ++i) {
            sums[static_cast<std::size_t>(region) * per_chunk + i] = total[i].value();
        }
    }
}

template <class T>
void region_gradient(const Regions<T>& regions, View1<const double> slopes, T* gradient, int num_threads) {
    const Division<T> division(regions);
    const RegionBlocks<T>& blocks = region_blocks<T>();
    const auto derive = blocks.derive[static_cast<int>(regions.sums)];
    const Index classes = division.layout.classes;
    const Index chunk_count = regions.count() * division.chunks_per_region;
    parallel_for(chunk_count, num_threads, [&](Index item, int) {
        PixelBlock<T> block(regions.pixels);
        const Index region = item / division.chunks_per_region, chunk = item % division.chunks_per_region;
        division.for_each_block(region, chunk, block, [&](Index count) {
            for (Index c = 0; c < classes; ++c) {
                const double* const of_class = slopes.data() + 2 * (region * classes + c);
                derive(block.probability(c), block.target(c), static_cast<T>(of_class[0]), static_cast<T>(of_class[1]),
                       block.gradient(c), count);
            }
            block.store_gradient(gradient);
        });
    });
}

template void region_sums(const Regions<float>&, View1<double>, View1<double>, int);
template void region_sums(const Regions<double>&, View1<double>, View1<double>, int);
template void region_gradient(const Regions<float>&, View1<const double>, float*, int);
template void region_gradient(const Regions<double>&, View1<const double>, double*, int);

}  // namespace metrix::losses
