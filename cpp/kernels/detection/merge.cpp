#include "kernels/detection/merge.hpp"

#include <algorithm>
#include <numeric>

#include "support/ordering.hpp"
#include "support/parallel.hpp"

namespace metrix::detection {
namespace {

// Detections of one image and category, side by side in their block.
struct Cell {
    std::int32_t image;  // in the whole
    std::int32_t block;
    std::int64_t begin;
    std::int64_t end;
};

// The cells of one category, by image.
std::vector<Cell> cells_of(View1<const Block> blocks, View1<const std::int32_t> category_in_block) {
    std::vector<Cell> cells;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const Block& block = blocks[b];
        const std::int32_t category = category_in_block[b];
        if (category < 0) continue;
        const std::int64_t last = block.category_offset[static_cast<std::size_t>(category) + 1];
        for (std::int64_t begin = block.category_offset[static_cast<std::size_t>(category)]; begin < last;) {
            const std::int32_t image = block.image[static_cast<std::size_t>(begin)];
            std::int64_t end = begin + 1;
            while (end < last && block.image[static_cast<std::size_t>(end)] == image) ++end;
            const std::int32_t place = block.image_place[static_cast<std::size_t>(image)];
            if (place >= 0) cells.push_back({place, static_cast<std::int32_t>(b), begin, end});
            begin = end;
        }
    }
    const auto by_image = [](const Cell& a, const Cell& b) { return a.image < b.image; };
    if (!std::is_sorted(cells.begin(), cells.end(), by_image)) std::sort(cells.begin(), cells.end(), by_image);
    return cells;
}

class Merger {
  public:
    Merger(View1<const Block> blocks, Index category_count, Index width, int num_threads)
        : blocks_(blocks),
          category_count_(category_count),
          width_(static_cast<std::size_t>(width)),
          num_threads_(num_threads) {}

    Outcomes run() {
        with_team(num_threads_, [&] {
            find_cells();
            make_room();
            std::vector<Scratch> scratches(static_cast<std::size_t>(std::max(1, num_threads_)));
            parallel_for(category_count_, num_threads_, [&](Index category, int thread) {
                order_category(static_cast<std::size_t>(category), scratches[static_cast<std::size_t>(thread)]);
            });
        });
        return std::move(out_);
    }

  private:
    void find_cells() {
        // Of each category of the whole, its number in each block.
        std::vector<std::int32_t> in_block(static_cast<std::size_t>(category_count_) * blocks_.size(), -1);
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            for (std::size_t k = 0; k < blocks_[b].category.size(); ++k) {
                const std::int32_t category = blocks_[b].category[k];
                if (category < 0) continue;
                in_block[static_cast<std::size_t>(category) * blocks_.size() + b] = static_cast<std::int32_t>(k);
            }
        }
        cells_.resize(static_cast<std::size_t>(category_count_));
        parallel_for(category_count_, num_threads_, [&](Index category, int) {
            const auto first = static_cast<std::size_t>(category) * blocks_.size();
            cells_[static_cast<std::size_t>(category)] =
                cells_of(blocks_, View1<const std::int32_t>(in_block).subspan(first, blocks_.size()));
        });
    }

    void make_room() {
        out_.category_offset.assign(static_cast<std::size_t>(category_count_) + 1, 0);
        for (std::size_t k = 0; k < cells_.size(); ++k) {
            std::int64_t count = 0;
            for (const Cell& cell : cells_[k]) count += cell.end - cell.begin;
            out_.category_offset[k + 1] = out_.category_offset[k] + count;
        }
        const auto count = static_cast<std::size_t>(out_.category_offset.back());
        out_.score.resize(count);
        out_.image.resize(count);
        out_.rank.resize(count);
        out_.row.resize(count);
        out_.bits.resize(count * width_);
        has_diagnostics_ = !blocks_.empty() && std::all_of(blocks_.begin(), blocks_.end(), [](const Block& block) {
            return block.ground_truth.size() == block.score.size();
        });
        if (!has_diagnostics_) return;
        out_.ground_truth.resize(count);
        out_.best_overlap.resize(count);
        out_.best_other_overlap.resize(count);
    }

    // Where a detection stands now.
    struct Source {
        std::int64_t place;
        std::int32_t block;
        std::int32_t image;
        std::int32_t rank;
    };

    struct Scratch {
        std::vector<Source> sources;
        Buffer<KeyedRow> order;
        Buffer<KeyedRow> scratch;
    };

    void order_category(std::size_t category, Scratch& scratch) {
        scratch.sources.clear();
        scratch.order.clear();
        for (const Cell& cell : cells_[category]) {
            const Block& block = blocks_[static_cast<std::size_t>(cell.block)];
            for (std::int64_t place = cell.begin; place < cell.end; ++place) {
                const auto index = static_cast<std::int32_t>(scratch.sources.size());
                scratch.order.push_back({descending_key(block.score[static_cast<std::size_t>(place)]), index});
                scratch.sources.push_back(
                    {place, cell.block, cell.image, static_cast<std::int32_t>(place - cell.begin)});
            }
        }
        scratch.scratch.resize(scratch.order.size());
        stable_sort_by_key(scratch.order, scratch.scratch);

        auto to = static_cast<std::size_t>(out_.category_offset[category]);
        for (const KeyedRow& keyed : scratch.order) {
            const Source& source = scratch.sources[static_cast<std::size_t>(keyed.row)];
            const Block& block = blocks_[static_cast<std::size_t>(source.block)];
            const auto from = static_cast<std::size_t>(source.place);
            out_.score[to] = block.score[from];
            out_.image[to] = source.image;
            out_.rank[to] = source.rank;
            out_.row[to] = block.row[from];
            std::copy_n(block.bits.row(source.place), width_, out_.bits.begin() + static_cast<Index>(to * width_));
            if (has_diagnostics_) {
                out_.ground_truth[to] = block.ground_truth[from];
                out_.best_overlap[to] = block.best_overlap[from];
                out_.best_other_overlap[to] = block.best_other_overlap[from];
            }
            ++to;
        }
    }

    View1<const Block> blocks_;
    Index category_count_;
    std::size_t width_;
    int num_threads_;
    bool has_diagnostics_ = false;
    std::vector<std::vector<Cell>> cells_;
    Outcomes out_;
};

}  // namespace

Outcomes merge(View1<const Block> blocks, Index category_count, Index width, int num_threads) {
    return Merger(blocks, category_count, width, num_threads).run();
}

}  // namespace metrix::detection
