// Boxes: areas, conversions, overlaps, and suppression.
//
//   box_iou              |A and B| / |A or B|; for a crowd region B: |A and B| / |A|
//   generalized_box_iou  IoU - (|C| - |A or B|) / |C|, C the smallest box around both        (Rezatofighi et al. 2019)
//   distance_box_iou     IoU - d^2 / (c^2 + eps), d between centres, c the diagonal of C     (Zheng et al. 2020)
//   complete_box_iou     DIoU - v^2 / (1 - IoU + v + eps), v = (4 / pi^2) (atan w/h - atan w'/h')^2
//   nms, batched_nms     greedy non-maximum suppression
//   soft_nms             scores decay instead                                                (Bodla et al. 2017)
//
// Conventions (the arithmetic itself stands in kernels/boxes/overlap.hpp, once each):
//   xyxy, cxcywh  torchvision.ops, in its order of operations and its precision: float in, float throughout.
//                 Two boxes without area: 0 / 0 = NaN. NaN in a box: NaN. Infinity: as IEEE arithmetic has it.
//   xywh          COCO: box_iou equals pycocotools.mask.iou to the last bit, for NaN, infinite and negative sizes too.
//   empty         no boxes on a side: a result with no rows or no columns.
// Deviation from torchvision: atan comes from libm here and from SLEEF there, so complete_box_iou agrees to rounding.
//
// Form: boxes become columns (x1, y1, x2, y2, area) once, in O(N + M); the N x M loop then runs along a row of the
// result over contiguous columns, which the compiler vectorises. Columns are cut into tiles that stay in the first
// cache, and row blocks go to threads. Writing the result is most of the time for large N x M.
#pragma once

#include <cstdint>
#include <vector>

#include "support/view.hpp"

namespace metrix::boxes {

enum class Format { xyxy, xywh, cxcywh };

// area[i] of box i, in the arithmetic of the format: (x2 - x1) * (y2 - y1), or w * h.
template <class T>
void box_area(View2<const T> boxes, Format format, View1<T> area);

// torchvision's conversions; xywh <-> cxcywh go by way of xyxy, which rounds the sides anew.
template <class T>
void box_convert(View2<const T> boxes, Format in_format, Format out_format, View2<T> converted);

// result(i, j) of boxes1[i] and boxes2[j]. crowd is empty, or has one flag for each of boxes2.
template <class T>
void box_iou(View2<const T> boxes1, View2<const T> boxes2, Format format, View1<const std::uint8_t> crowd,
             int num_threads, View2<T> result);

template <class T>
void generalized_box_iou(View2<const T> boxes1, View2<const T> boxes2, int num_threads, View2<T> result);

template <class T>
void distance_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, int num_threads, View2<T> result);

template <class T>
void complete_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, int num_threads, View2<T> result);

// result[i] of boxes1[i] and boxes2[i]: the same bits as the diagonal of the pairwise form.
template <class T>
void paired_box_iou(View2<const T> boxes1, View2<const T> boxes2, Format format, View1<const std::uint8_t> crowd,
                    View1<T> result);

template <class T>
void paired_generalized_box_iou(View2<const T> boxes1, View2<const T> boxes2, View1<T> result);

template <class T>
void paired_distance_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, View1<T> result);

template <class T>
void paired_complete_box_iou(View2<const T> boxes1, View2<const T> boxes2, T eps, View1<T> result);

// One cell of an evaluation: similarity(d, g) in row-major order, equal to pycocotools' bbIou to the last bit, NaN and
// infinity included. Rows are (x, y, w, h), packed. No allocation; made for blocks of 1 x 1 to 20 x 5.
void box_iou_block(const double* detections, Index detection_count, const double* ground_truths,
                   Index ground_truth_count, const std::uint8_t* crowd, double* similarity);

// The same in the arithmetic of the VOC devkit, where the far corner (x + w, y + h) is a pixel of the box.
void pixel_iou_block(const double* detections, Index detection_count, const double* ground_truths,
                     Index ground_truth_count, double* similarity);

// Greedy suppression as torchvision's on the CPU: in order of decreasing score, a box is kept unless its IoU with a
// kept one is above the threshold. Returns indices of the kept boxes in that order.
//   Ties: the lower index goes first. A pair whose IoU is NaN (no area, NaN or infinite coordinates) suppresses
//   nothing. Requires iou_threshold >= 0 and scores without NaN.
template <class T>
std::vector<std::int64_t> nms(View2<const T> boxes, View1<const T> scores, double iou_threshold);

// The same within each value of idxs; the result is in order of decreasing score over all of them. Boxes are compared
// as they are: no offset is added to their coordinates, which would round them.
template <class T>
std::vector<std::int64_t> batched_nms(View2<const T> boxes, View1<const T> scores, View1<const std::int64_t> idxs,
                                      double iou_threshold, int num_threads);

enum class Decay {
    linear,    // score *= 1 - IoU       where IoU > iou_threshold
    gaussian,  // score *= exp(-IoU^2 / sigma)
};

template <class T>
struct SoftNms {
    std::vector<std::int64_t> indices;  // in the order of their selection: decreasing decayed score
    std::vector<T> scores;              // the decayed score at selection
};

// Again and again selects the box of the highest score (ties: the lower index) and lets the scores of the others decay
// by their overlap with it. A box is dropped once its score is below score_threshold.
//   Requires finite scores, iou_threshold >= 0, sigma > 0, score_threshold >= 0. A pair whose IoU is NaN decays
//   nothing.
template <class T>
SoftNms<T> soft_nms(View2<const T> boxes, View1<const T> scores, Decay decay, double iou_threshold, double sigma,
                    double score_threshold);

}  // namespace metrix::boxes
