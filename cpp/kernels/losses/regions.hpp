// Losses of regions (Dice, Jaccard, Tversky and their kin): three sums over the pixels of each class, and later the
// gradient by each pixel, given the derivatives by these sums. Whatever a loss makes of its sums is a formula in
// Python.
//
//   region_sums      one pass over predictions and targets
//   region_gradient  another one, once the derivatives are known: with f the loss and S its sums, df/dz = df/dS dS/dp
//   dp/dz
//
// Probabilities are made of logits a block at a time, twice: nothing of the input's size is made but the gradient.
// A region is one sample, or the whole batch. Chunks of a region are summed apart and joined in their order, so the
// result has the same bits for any number of threads.
#pragma once

#include "kernels/losses/pixels.hpp"

namespace metrix::losses {

template <class T>
struct Regions {
    Pixels<T> pixels;
    Sums sums{};
    bool is_batch = false;

    [[nodiscard]] Index count() const { return is_batch ? 1 : pixels.layout.samples; }
};

// sums: (regions, classes, 3); kept: (regions), how many pixels take part.
template <class T>
void region_sums(const Regions<T>& regions, View1<double> sums, View1<double> kept, int num_threads);

// slopes: (regions, classes, 2), derivatives by the first two sums; gradient: of the layout of the predictions.
template <class T>
void region_gradient(const Regions<T>& regions, View1<const double> slopes, T* gradient, int num_threads);

}  // namespace metrix::losses
