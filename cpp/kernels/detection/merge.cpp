#include "kernels/detection/merge.hpp"

#include <algorithm>
#include <numeric>

#include "support/ordering.hpp"
#include "support/parallel.hpp"
#include "support/prefetch.hpp"

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
                Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
                const auto k = static_cast<std::size_t>(category);
                // A width that the compiler knows makes the copy of COCO's bits two instructions instead of a call.
                constexpr std::size_t usual = 8;
                if (width_ == usual) {
                    order_category(k, scratch, [](const Bits* from, Bits* to) { std::copy_n(from, usual, to); });
                } else {
                    order_category(k, scratch, [&](const Bits* from, Bits* to) { std::copy_n(from, width_, to); });
                }
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

    // A detection brought into the order of images. What it needs is read along memory, as far as blocks have it in
    // order, so that the walk by score stays within one category.
    struct Detection {
        double score;
        std::int64_t place;  // in its block
        std::int32_t block;
        std::int32_t image;
        std::int32_t rank;
        std::int32_t row;
    };

    struct Scratch {
        Buffer<Detection> detections;
        Buffer<Bits> bits;
        Buffer<KeyedRow> order;
        Buffer<KeyedRow> scratch;
    };

    template <class CopyBits>
    void order_category(std::size_t category, Scratch& scratch, CopyBits&& copy_bits) {
        auto to = static_cast<std::size_t>(out_.category_offset[category]);
        const auto count = static_cast<std::size_t>(out_.category_offset[category + 1]) - to;
        scratch.detections.resize(count);
        scratch.bits.resize(count * width_);
        scratch.order.resize(count);
        scratch.scratch.resize(count);
        gather(cells_[category], scratch);
        stable_sort_by_key(scratch.order, scratch.scratch);

        for (std::size_t i = 0; i < count; ++i, ++to) {
            // By score is any order in memory: ask for it early.
            constexpr std::size_t ahead = 12;
            const auto later = static_cast<std::size_t>(scratch.order[std::min(i + ahead, count - 1)].row);
            prefetch(&scratch.detections[later]);
            prefetch(&scratch.bits[later * width_]);

            const auto from = static_cast<std::size_t>(scratch.order[i].row);
            const Detection& detection = scratch.detections[from];
            out_.score[to] = detection.score;
            out_.image[to] = detection.image;
            out_.rank[to] = detection.rank;
            out_.row[to] = detection.row;
            copy_bits(scratch.bits.data() + from * width_, out_.bits.data() + to * width_);
            if (has_diagnostics_) copy_diagnostics(detection, to);
        }
    }

    void gather(View1<const Cell> cells, Scratch& scratch) const {
        std::size_t index = 0;
        for (const Cell& cell : cells) {
            const Block& block = blocks_[static_cast<std::size_t>(cell.block)];
            const auto first = static_cast<std::size_t>(cell.begin);
            const auto count = static_cast<std::size_t>(cell.end - cell.begin);
            std::copy_n(block.bits.row(cell.begin), count * width_, scratch.bits.data() + index * width_);
            for (std::size_t rank = 0; rank < count; ++rank, ++index) {
                const double score = block.score[first + rank];
                scratch.order[index] = {descending_key(score), static_cast<std::int32_t>(index)};
                scratch.detections[index] = {score,
                                             cell.begin + static_cast<std::int64_t>(rank),
                                             cell.block,
                                             cell.image,
                                             static_cast<std::int32_t>(rank),
                                             block.row[first + rank]};
            }
        }
    }

    void copy_diagnostics(const Detection& detection, std::size_t to) {
        const Block& block = blocks_[static_cast<std::size_t>(detection.block)];
        const auto from = static_cast<std::size_t>(detection.place);
        out_.ground_truth[to] = block.ground_truth[from];
        out_.best_overlap[to] = block.best_overlap[from];
        out_.best_other_overlap[to] = block.best_other_overlap[from];
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
