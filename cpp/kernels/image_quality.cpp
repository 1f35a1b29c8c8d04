#include "kernels/image_quality.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/image_quality/blocks.hpp"
#include "kernels/image_quality/tile.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::image_quality {

METRIX_DECLARE_FOR_EACH_LEVEL(Blocks, image_blocks);

const Blocks& blocks() {
    return METRIX_OF_THIS_MACHINE(image_blocks);
}

namespace {

constexpr Index rows_of_chunk = 64;

struct Chunk {
    Index image;
    Index first;
    Index last;
};

// Calls work(chunk, item, scratch of the thread) for strips of rows of all images.
template <class Scratch, class Make, class Work>
void for_each_chunk(Index images, Index rows, int num_threads, Make&& make, Work&& work) {
    const Index chunks = (rows + rows_of_chunk - 1) / rows_of_chunk;
    const Index threads = std::max<Index>(1, std::min<Index>(num_threads, images * chunks));
    std::vector<Scratch> scratch;
    for (Index thread = 0; thread < threads; ++thread) scratch.push_back(make());
    parallel_for(images * chunks, static_cast<int>(threads), [&](Index item, int thread) {
        const Index first = item % chunks * rows_of_chunk;
        work(Chunk{item / chunks, first, std::min(rows, first + rows_of_chunk)}, item,
             scratch[static_cast<std::size_t>(thread)]);
    });
}

}  // namespace

template <class In>
void structural_similarity(const Images<In>& images, const Similarity& similarity, bool of_structure,
                           View1<double> means, typename Work<In>::Type* map, int num_threads) {
    using T = typename Work<In>::Type;
    const Index channels = images.channels;
    const Index reach = 2 * (ssize(similarity.window) - 1);
    const Index slices = images.depth - (similarity.over_depth ? reach : 0);
    const Index rows = images.height - reach;
    const Index width = (images.width - reach) * channels;
    const Index chunks = slices * ((rows + rows_of_chunk - 1) / rows_of_chunk);
    // Of each chunk and channel.
    std::vector<double> totals(static_cast<std::size_t>(images.count * chunks * channels));
    for_each_chunk<Tile<In, T>>(
        images.count * slices, rows, num_threads, [&] { return Tile<In, T>(images, similarity); },
        [&](const Chunk& chunk, Index item, Tile<In, T>& tile) {
            const Index first_slice = chunk.image / slices * images.depth + chunk.image % slices;
            for (Index first = 0; first < width; first += tile_width) {
                const Index count = std::min(tile_width, width - first);
                T* const place = map == nullptr ? nullptr : map + chunk.image * rows * width + first;
                tile.similarity(first_slice, chunk.first, chunk.last, first, count, of_structure, place, width,
                                totals.data() + item * channels);
            }
        });
    const auto pixels = static_cast<double>(slices * rows * (images.width - reach));
    for (Index i = 0; i < images.count * channels; ++i) {
        double sum = 0;
        for (Index chunk = 0; chunk < chunks; ++chunk) {
            sum += totals[static_cast<std::size_t>((i / channels * chunks + chunk) * channels + i % channels)];
        }
        means[static_cast<std::size_t>(i)] = sum / pixels;
    }
}

template <class In>
void local_moments(const Images<In>& images, View1<const double> window, double* const (&maps)[4], int num_threads) {
    const Index reach = 2 * (ssize(window) - 1);
    const Index rows = images.height - reach;
    const Index width = (images.width - reach) * images.channels;
    const Similarity similarity = {window};
    for_each_chunk<Tile<In, double>>(
        images.count, rows, num_threads, [&] { return Tile<In, double>(images, similarity); },
        [&](const Chunk& chunk, Index /*item*/, Tile<In, double>& tile) {
            for (Index first = 0; first < width; first += tile_width) {
                const Index place = chunk.image * rows * width + first;
                double* const places[] = {maps[0] + place, maps[1] + place, maps[2] + place, maps[3] + place};
                tile.moments(chunk.image, chunk.first, chunk.last, first, std::min(tile_width, width - first), places,
                             width);
            }
        });
}

template <class In>
void structural_similarity_gradient(const Images<In>& images, const Similarity& similarity,
                                    View1<const double> ssim_factor, View1<const double> cs_factor,
                                    typename Work<In>::Type* by_x, typename Work<In>::Type* by_y, int num_threads) {
    const Index width = images.width * images.channels;
    for_each_chunk<Tile<In, double>>(
        images.count, images.height, num_threads, [&] { return Tile<In, double>(images, similarity); },
        [&](const Chunk& chunk, Index /*item*/, Tile<In, double>& tile) {
            const auto factors = static_cast<std::size_t>(chunk.image * images.channels);
            const auto channels = static_cast<std::size_t>(images.channels);
            for (Index first = 0; first < width; first += tile_width) {
                const Index count = std::min(tile_width, width - first);
                const Index place = chunk.image * images.height * width + first;
                tile.gradient(chunk.image, chunk.first, chunk.last, first, count,
                              ssim_factor.subspan(factors, channels), cs_factor.subspan(factors, channels),
                              by_x + place, by_y == nullptr ? nullptr : by_y + place);
            }
        });
}

namespace {

template <class In>
auto halve_of(const Blocks& blocks) {
    if constexpr (sizeof(In) == 1) {
        return blocks.halve_bytes;
    } else if constexpr (sizeof(In) == sizeof(float)) {
        return blocks.halve_floats;
    } else {
        return blocks.halve_doubles;
    }
}

}  // namespace

template <class In>
void halve(const In* images, Index count, Index height, Index width, Index channels, typename Work<In>::Type* result,
           int num_threads) {
    using T = typename Work<In>::Type;
    const Index rows = height / 2;
    const Index columns = width / 2;
    const auto halve_row = halve_of<In>(blocks());
    const Index size = width * channels;
    const Index chunks = (rows + rows_of_chunk - 1) / rows_of_chunk;
    parallel_for(count * chunks, num_threads, [&](Index item, int /*thread*/) {
        const Index image = item / chunks;
        const Index first = item % chunks * rows_of_chunk;
        for (Index row = first; row < std::min(rows, first + rows_of_chunk); ++row) {
            const In* const upper = images + (image * height + 2 * row) * size;
            halve_row(upper, upper + size, columns, channels, result + (image * rows + row) * columns * channels);
        }
    });
}

namespace {

template <class In>
auto squared_error_of(const Blocks& blocks) {
    if constexpr (sizeof(In) == 1) {
        return blocks.squared_error_of_bytes;
    } else if constexpr (sizeof(In) == sizeof(float)) {
        return blocks.squared_error_of_floats;
    } else {
        return blocks.squared_error_of_doubles;
    }
}

}  // namespace

template <class In>
void squared_error(const In* x, const In* y, Index size, View1<double> sums, int num_threads) {
    constexpr Index chunk_size = Index{1} << 18;
    const auto of_chunk = squared_error_of<In>(blocks());
    const Index chunks = (size + chunk_size - 1) / chunk_size;
    std::vector<double> parts(static_cast<std::size_t>(ssize(sums) * chunks));
    parallel_for(ssize(parts), num_threads, [&](Index item, int /*thread*/) {
        const Index first = item % chunks * chunk_size;
        const Index place = item / chunks * size + first;
        parts[static_cast<std::size_t>(item)] = of_chunk(x + place, y + place, std::min(chunk_size, size - first));
    });
    for (Index i = 0; i < ssize(sums); ++i) {
        double sum = 0;
        for (Index chunk = 0; chunk < chunks; ++chunk) sum += parts[static_cast<std::size_t>(i * chunks + chunk)];
        sums[static_cast<std::size_t>(i)] = sum;
    }
}

#define METRIX_FOR(In)                                                                                              \
    template void structural_similarity(const Images<In>&, const Similarity&, bool, View1<double>, Work<In>::Type*, \
                                        int);                                                                       \
    template void local_moments(const Images<In>&, View1<const double>, double* const(&)[4], int);                  \
    template void structural_similarity_gradient(const Images<In>&, const Similarity&, View1<const double>,         \
                                                 View1<const double>, Work<In>::Type*, Work<In>::Type*, int);       \
    template void halve(const In*, Index, Index, Index, Index, Work<In>::Type*, int);                               \
    template void squared_error(const In*, const In*, Index, View1<double>, int);
METRIX_FOR(std::uint8_t)
METRIX_FOR(float)
METRIX_FOR(double)
#undef METRIX_FOR

}  // namespace metrix::image_quality
