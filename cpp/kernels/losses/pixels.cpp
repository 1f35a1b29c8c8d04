#include "kernels/losses/pixels.hpp"

#include <algorithm>
#include <string>

#include "support/error.hpp"
#include "support/instruction_set.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(RegionBlocks<float>, region_blocks_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(RegionBlocks<double>, region_blocks_of_doubles);

template <>
const RegionBlocks<float>& region_blocks<float>() {
    return METRIX_OF_THIS_MACHINE(region_blocks_of_floats);
}

template <>
const RegionBlocks<double>& region_blocks<double>() {
    return METRIX_OF_THIS_MACHINE(region_blocks_of_doubles);
}

template <class T>
Index PixelBlock<T>::size(Index classes) {
    constexpr Index step = 16, most = Index{1} << 10;
    constexpr Index elements = (Index{1} << 14) / Index{sizeof(T)};
    return std::clamp(elements / std::max<Index>(classes, 1) / step * step, step, most);
}

template <class T>
PixelBlock<T>::PixelBlock(const Pixels<T>& pixels)
    : pixels_(pixels), blocks_(region_blocks<T>()), stride_(size(pixels.layout.classes)) {
    const auto classes = static_cast<std::size_t>(pixels.layout.classes);
    const std::size_t room = classes * static_cast<std::size_t>(stride_);
    for (std::vector<T>* values : {&probability_, &target_, &gradient_}) values->resize(room);
    if (pixels.activation == Activation::sigmoid) slope_.resize(room);
    for (std::vector<T>* values : {&room_, &inverse_}) values->resize(static_cast<std::size_t>(stride_));
    for (std::vector<const T*>* rows : {&logit_rows_, &probability_rows_, &target_rows_}) rows->resize(classes);
    labels_.resize(static_cast<std::size_t>(stride_));
    kept_.resize(static_cast<std::size_t>(stride_));
}

template <class T>
void PixelBlock<T>::load(Index sample, Index first, Index count) {
    sample_ = sample, first_ = first, count_ = count;
    load_kept();
    load_targets();
    load_probabilities();
}

template <class T>
void PixelBlock<T>::load_kept() {
    const Index place = sample_ * pixels_.layout.pixels + first_;
    if (pixels_.mask != nullptr) {
        std::copy_n(pixels_.mask + place, count_, kept_.begin());
    } else {
        std::fill_n(kept_.begin(), count_, std::uint8_t{1});
    }
    switch (pixels_.labels.width) {
        case 1:
            load_labels(static_cast<const std::uint8_t*>(pixels_.labels.data) + place);
            break;
        case 4:
            load_labels(static_cast<const std::int32_t*>(pixels_.labels.data) + place);
            break;
        case 8:
            load_labels(static_cast<const std::int64_t*>(pixels_.labels.data) + place);
            break;
        default:
            break;
    }
    kept_count_ = count_ - std::count(kept_.begin(), kept_.begin() + count_, std::uint8_t{0});
    is_whole_ = kept_count_ == count_;
}

template <class T>
template <class Label>
void PixelBlock<T>::load_labels(const Label* labels) {
    bool is_right = true;
    for (Index i = 0; i < count_; ++i) {
        const auto label = static_cast<std::int64_t>(labels[i]);
        const auto at = static_cast<std::size_t>(i);
        const bool is_ignored = label == pixels_.ignored_label;
        const bool is_class = label >= 0 && label < pixels_.layout.classes;
        kept_[at] = is_ignored ? std::uint8_t{0} : kept_[at];
        is_right &= is_class || kept_[at] == 0;
        labels_[at] = kept_[at] != 0 ? static_cast<std::int32_t>(label) : -1;
    }
    if (is_right) return;
    for (Index i = 0; i < count_; ++i) {
        const auto label = static_cast<std::int64_t>(labels[i]);
        if (kept_[static_cast<std::size_t>(i)] == 0 || (label >= 0 && label < pixels_.layout.classes)) continue;
        throw_value_error("target: expected labels from 0 to " + std::to_string(pixels_.layout.classes - 1) +
                          " or ignore_index, got " + std::to_string(label) + " for pixel " +
                          std::to_string(first_ + i) + " of sample " + std::to_string(sample_));
    }
}

template <class T>
void PixelBlock<T>::rows_of(const T* array, std::vector<T>& room, std::vector<const T*>& rows) const {
    const Layout& layout = pixels_.layout;
    for (Index c = 0; c < layout.classes; ++c) {
        rows[static_cast<std::size_t>(c)] = array + layout.place(sample_, c, first_);
    }
    if (layout.pixel_stride == 1) return;
    for (Index i = 0; i < count_; ++i) {
        const T* const of_pixel = array + layout.place(sample_, 0, first_ + i);
        for (Index c = 0; c < layout.classes; ++c) {
            room[static_cast<std::size_t>(c * stride_ + i)] = of_pixel[c * layout.class_stride];
        }
    }
    for (Index c = 0; c < layout.classes; ++c) rows[static_cast<std::size_t>(c)] = room.data() + c * stride_;
}

// Nothing of pixels that take no part.
template <class T>
void PixelBlock<T>::clear(std::vector<T>& room, std::vector<const T*>& rows) const {
    if (is_whole_) return;
    for (Index c = 0; c < pixels_.layout.classes; ++c) {
        T* const row = room.data() + c * stride_;
        const T*& current = rows[static_cast<std::size_t>(c)];
        if (current != row) std::copy_n(current, count_, row);
        blocks_.clear(row, kept_.data(), count_);
        current = row;
    }
}

template <class T>
void PixelBlock<T>::load_targets() {
    if (pixels_.target != nullptr) {
        rows_of(pixels_.target, target_, target_rows_);
        clear(target_, target_rows_);
        return;
    }
    for (Index c = 0; c < pixels_.layout.classes; ++c) {
        T* const row = target_.data() + c * stride_;
        blocks_.one_hot(labels_.data(), static_cast<std::int32_t>(c), row, count_);
        target_rows_[static_cast<std::size_t>(c)] = row;
    }
}

template <class T>
void PixelBlock<T>::load_probabilities() {
    const Index classes = pixels_.layout.classes;
    if (pixels_.activation == Activation::none) {
        rows_of(pixels_.prediction, probability_, probability_rows_);
        clear(probability_, probability_rows_);
        return;
    }
    // Logits may lie in the room of gradients, which nobody needs yet.
    rows_of(pixels_.prediction, gradient_, logit_rows_);
    for (Index c = 0; c < classes; ++c) {
        probability_rows_[static_cast<std::size_t>(c)] = probability_.data() + c * stride_;
    }
    if (pixels_.activation == Activation::softmax) {
        blocks_.softmax(logit_rows_.data(), probability_.data(), classes, stride_, count_, room_.data(),
                        inverse_.data());
    } else {
        for (Index c = 0; c < classes; ++c) {
            blocks_.sigmoid(logit_rows_[static_cast<std::size_t>(c)], probability_.data() + c * stride_,
                            slope_.data() + c * stride_, count_);
        }
    }
    clear(probability_, probability_rows_);
}

template <class T>
void PixelBlock<T>::store_gradient(T* gradient) {
    const Layout& layout = pixels_.layout;
    T* const own = gradient_.data();
    if (pixels_.activation == Activation::softmax) {
        blocks_.through_softmax(own, probability_.data(), layout.classes, stride_, count_, room_.data());
    }
    for (Index c = 0; c < layout.classes; ++c) {
        T* const row = own + c * stride_;
        if (pixels_.activation == Activation::sigmoid) blocks_.multiply(row, slope_.data() + c * stride_, count_);
        if (!is_whole_) blocks_.clear(row, kept_.data(), count_);
        if (layout.pixel_stride == 1) std::copy_n(row, count_, gradient + layout.place(sample_, c, first_));
    }
    if (layout.pixel_stride == 1) return;
    for (Index i = 0; i < count_; ++i) {
        T* const of_pixel = gradient + layout.place(sample_, 0, first_ + i);
        for (Index c = 0; c < layout.classes; ++c) of_pixel[c * layout.class_stride] = own[c * stride_ + i];
    }
}

template class PixelBlock<float>;
template class PixelBlock<double>;

}  // namespace metrix::losses
