// Predictions and targets of images, class by class, a block of pixels at a time: where classes stand, what labels say,
// which pixels take part and how logits become probabilities is settled here, for whatever is made of them.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/losses/region_blocks.hpp"
#include "support/view.hpp"

namespace metrix::losses {

enum class Activation { none, sigmoid, softmax };

// (samples, classes, pixels), or (samples, pixels, classes) with the strides of it.
struct Layout {
    Index samples = 0;
    Index classes = 0;
    Index pixels = 0;
    Index class_stride = 0;
    Index pixel_stride = 1;

    [[nodiscard]] Index place(Index sample, Index c, Index pixel) const {
        return sample * classes * pixels + c * class_stride + pixel * pixel_stride;
    }
};

// (samples, pixels) whole numbers of 1, 4 or 8 bytes: std::uint8_t, std::int32_t or std::int64_t.
struct Labels {
    const void* data = nullptr;
    int width = 0;
};

template <class T>
struct Pixels {
    Layout layout;
    const T* prediction = nullptr;
    Activation activation{};
    // One of these: targets laid out as the predictions, or labels, of which one says that a pixel takes no part.
    const T* target = nullptr;
    Labels labels;
    std::int64_t ignored_label = 0;
    const std::uint8_t* mask = nullptr;  // (samples, pixels), not 0: takes part; or null: all do
};

// A block of pixels of one sample, with room of its own. Pixels that take no part have 0 for all classes.
template <class T>
class PixelBlock {
  public:
    explicit PixelBlock(const Pixels<T>& pixels);

    // How many pixels a block holds at most: as many as stay in the first cache, whatever the number of threads.
    static Index size(Index classes);

    // The probabilities of `count` pixels from `first` on, and their targets. Labels that there are not raise an error.
    void load(Index sample, Index first, Index count);

    [[nodiscard]] const T* probability(Index c) const { return probability_rows_[static_cast<std::size_t>(c)]; }
    [[nodiscard]] const T* target(Index c) const { return target_rows_[static_cast<std::size_t>(c)]; }
    // How many pixels of the block take part.
    [[nodiscard]] Index kept_count() const { return kept_count_; }
    // Of each pixel: its label, -1 where it takes no part; its largest logit and the inverse of its softmax's sum.
    [[nodiscard]] const std::int32_t* labels() const { return labels_.data(); }
    [[nodiscard]] const T* most() const { return room_.data(); }
    [[nodiscard]] const T* inverse() const { return inverse_.data(); }

    // Room for derivatives by the probabilities, and their way to where the gradient by the predictions is wanted.
    [[nodiscard]] T* gradient(Index c) { return gradient_.data() + c * stride_; }
    void store_gradient(T* gradient);

  private:
    template <class Label>
    void load_labels(const Label* labels);
    void load_kept();
    void load_targets();
    void load_probabilities();
    // Rows of this block of an array of the layout: in place, or in `room` where its pixels do not follow each other.
    void rows_of(const T* array, std::vector<T>& room, std::vector<const T*>& rows) const;
    void clear(std::vector<T>& room, std::vector<const T*>& rows) const;

    const Pixels<T>& pixels_;
    const RegionBlocks<T>& blocks_;
    Index stride_;
    Index sample_ = 0, first_ = 0, count_ = 0;
    Index kept_count_ = 0;
    bool is_whole_ = true;
    std::vector<T> probability_, target_, slope_, gradient_, room_, inverse_;
    std::vector<const T*> logit_rows_, probability_rows_, target_rows_;
    std::vector<std::int32_t> labels_;
    std::vector<std::uint8_t> kept_;
};

}  // namespace metrix::losses
