// The arithmetic of box overlaps: each convention is written down once, here, and every kernel inlines it.
//
// Three conventions whose last bits and corner cases differ, each with its own reference:
//   iou       torchvision.ops: sides are cut off at 0, then intersection / ((area1 + area2) - intersection).
//             0 / 0 is NaN, and a NaN coordinate makes an area NaN and with it the result.
//   coco_iou  pycocotools.mask.iou: C's fmin and fmax (which prefer a number to a NaN), exactly 0 where a side of the
//             intersection is <= 0, and a NaN side goes on to the division.
//   pixel_iou  the VOC devkit: the far corner is a pixel of the box, so that 1 is added to every side. A NaN corner
//   makes
//              the result NaN.
// A box is held as corners and area because the formats differ in how they make them: see `from_row`.
#pragma once

#include <cmath>
#include <limits>

#include "kernels/boxes.hpp"

namespace metrix::boxes {

template <class T>
struct Box {
    T x1, y1, x2, y2, area;
};

template <class T>
inline bool has_nan_corner(const Box<T>& box) {
    return std::isnan(box.x1) || std::isnan(box.y1) || std::isnan(box.x2) || std::isnan(box.y2);
}

// The area of one row, in the arithmetic of its format. That of xywh and cxcywh is w * h and not the product of the
// differences of the corners, whose last bit differs.
template <class T>
inline T area_of(const T* row, Format format) {
    return format == Format::xyxy ? (row[2] - row[0]) * (row[3] - row[1]) : row[2] * row[3];
}

template <class T>
inline Box<T> from_row(const T* row, Format format) {
    const T a = row[0], b = row[1], c = row[2], d = row[3];
    const T area = area_of(row, format);
    if (format == Format::xyxy) return {a, b, c, d, area};
    if (format == Format::xywh) return {a, b, c + a, d + b, area};
    Box<T> box{a - c / 2, b - d / 2, a + c / 2, b + d / 2, area};
    // A NaN corner makes the area NaN, as it does by itself in xyxy: see `intersection`.
    if (has_nan_corner(box)) box.area = std::numeric_limits<T>::quiet_NaN();
    return box;
}

// Each of these is one instruction on x86, and gives its second argument if either is NaN.
template <class T>
inline T lesser(T a, T b) {
    return a < b ? a : b;
}
template <class T>
inline T greater(T a, T b) {
    return a > b ? a : b;
}
template <class T>
inline T not_negative(T value) {
    return greater(T(0), value);
}

// torchvision's intersection. A NaN in b goes through `lesser` and `greater`; one in a need not, as the area of a is
// NaN then and stands in every denominator.
template <class T>
inline T intersection(const Box<T>& a, const Box<T>& b) {
    const T width = not_negative(lesser(a.x2, b.x2) - greater(a.x1, b.x1));
    const T height = not_negative(lesser(a.y2, b.y2) - greater(a.y1, b.y1));
    return width * height;
}

template <class T>
inline T iou(const Box<T>& a, const Box<T>& b) {
    const T common = intersection(a, b);
    return common / ((a.area + b.area) - common);
}

// b is a crowd region: the share of a that lies in it.
template <class T>
inline T crowd_iou(const Box<T>& a, const Box<T>& b, bool is_crowd) {
    const T common = intersection(a, b);
    const T both = (a.area + b.area) - common;
    return common / (is_crowd ? a.area : both);
}

// C's fmin and fmax, which give the other argument for a NaN. `lesser` and `greater` do so for a NaN in a by
// themselves; only if b may hold one is more work needed.
template <bool b_may_be_nan, class T>
inline T c_fmin(T a, T b) {
    const T least = lesser(a, b);
    return b_may_be_nan && b != b ? a : least;
}
template <bool b_may_be_nan, class T>
inline T c_fmax(T a, T b) {
    const T most = greater(a, b);
    return b_may_be_nan && b != b ? a : most;
}

// b_may_be_nan = false promises that no corner of b is NaN; the result is the same, and sooner there.
template <bool b_may_be_nan = true, class T>
inline T coco_iou(const Box<T>& a, const Box<T>& b, bool is_crowd) {
    const T width = c_fmin<b_may_be_nan>(a.x2, b.x2) - c_fmax<b_may_be_nan>(a.x1, b.x1);
    const T height = c_fmin<b_may_be_nan>(a.y2, b.y2) - c_fmax<b_may_be_nan>(a.y1, b.y1);
    const T common = width * height;
    const T both = (a.area + b.area) - common;
    const T ratio = common / (is_crowd ? a.area : both);
    // One select each: a joined condition is not vectorised.
    const T by_width = width <= 0 ? T(0) : ratio;
    return height <= 0 ? T(0) : by_width;
}

// x, y, w, h whose far corner (x + w, y + h) belongs to the box.
template <class T>
inline Box<T> from_pixels(const T* row) {
    const T x2 = row[2] + row[0], y2 = row[3] + row[1];
    return {row[0], row[1], x2, y2, ((x2 - row[0]) + 1) * ((y2 - row[1]) + 1)};
}

// For boxes of `from_pixels`.
template <class T>
inline T pixel_iou(const Box<T>& a, const Box<T>& b) {
    const T width = not_negative((lesser(a.x2, b.x2) - greater(a.x1, b.x1)) + 1);
    const T height = not_negative((lesser(a.y2, b.y2) - greater(a.y1, b.y1)) + 1);
    const T common = width * height;
    return common / ((a.area + b.area) - common);
}

// The smallest box around both, with sides cut off at 0.
template <class T>
struct Enclosure {
    T width, height;
};

template <class T>
inline Enclosure<T> enclosure(const Box<T>& a, const Box<T>& b) {
    return {not_negative(greater(a.x2, b.x2) - lesser(a.x1, b.x1)),
            not_negative(greater(a.y2, b.y2) - lesser(a.y1, b.y1))};
}

template <class T>
inline T generalized_iou(const Box<T>& a, const Box<T>& b) {
    const T common = intersection(a, b);
    const T both = (a.area + b.area) - common;
    const auto around = enclosure(a, b);
    const T area = around.width * around.height;
    return common / both - (area - both) / area;
}

template <class T>
inline T distance_iou(const Box<T>& a, const Box<T>& b, T eps) {
    const auto around = enclosure(a, b);
    const T diagonal = around.width * around.width + around.height * around.height + eps;
    const T dx = (a.x1 + a.x2) / 2 - (b.x1 + b.x2) / 2;
    const T dy = (a.y1 + a.y2) / 2 - (b.y1 + b.y2) / 2;
    return iou(a, b) - (dx * dx + dy * dy) / diagonal;
}

// The angle whose difference complete_iou penalises; it depends on one box alone, so pairwise loops make it once a box.
template <class T>
inline T aspect_angle(const Box<T>& box) {
    return std::atan((box.x2 - box.x1) / (box.y2 - box.y1));
}

template <class T>
inline T complete_iou(const Box<T>& a, const Box<T>& b, T angle_a, T angle_b, T eps) {
    constexpr double pi = 3.141592653589793;
    constexpr T factor = static_cast<T>(4 / (pi * pi));
    const T difference = angle_a - angle_b;
    const T aspect = factor * (difference * difference);
    const T weight = aspect / (((1 - iou(a, b)) + aspect) + eps);
    return distance_iou(a, b, eps) - weight * aspect;
}

}  // namespace metrix::boxes
