// Losses of boxes that belong together: one minus an overlap, and penalties.
//
//   iou_loss         1 - IoU, or -log(IoU)
//   giou_loss        1 - IoU + (C - U) / C, C the area of the smallest box around both, U that of the union
//   diou_loss        1 - IoU + d^2 / c^2, d between the centres, c the diagonal of the smallest box around both
//   ciou_loss        DIoU's + alpha v, v = (4 / pi^2) (atan(W / H) - atan(w / h))^2, alpha = v / (1 - IoU + v)
//   eiou_loss        DIoU's + (w - W)^2 / cw^2 + (h - H)^2 / ch^2, cw and ch the sides of the smallest box around both
//   focal_eiou_loss  IoU^gamma times EIoU's
//
// eps is added to every denominator. Where two corners are equal, the maximum and the minimum of them have half of the
// gradient each. Boxes that do not overlap, or only touch, have the IoU 0 with gradient 0.
//
// Sources: see the functions of metrix.losses.detection.
#pragma once

#include "kernels/losses/terms.hpp"

namespace metrix::losses {

// A box x1 <= x2, y1 <= y2, or a derivative by one.
template <class T>
struct Corners {
    T x1, y1, x2, y2;
};

template <class T>
METRIX_INLINE Corners<T> operator+(const Corners<T>& a, const Corners<T>& b) {
    return {a.x1 + b.x1, a.y1 + b.y1, a.x2 + b.x2, a.y2 + b.y2};
}
template <class T>
METRIX_INLINE Corners<T> operator-(const Corners<T>& a, const Corners<T>& b) {
    return {a.x1 - b.x1, a.y1 - b.y1, a.x2 - b.x2, a.y2 - b.y2};
}
template <class T>
METRIX_INLINE Corners<T> operator*(T factor, const Corners<T>& a) {
    return {factor * a.x1, factor * a.y1, factor * a.x2, factor * a.y2};
}

// What a pair of boxes contributes, with the derivative by the first.
template <class T>
struct BoxTerms {
    T value;
    Corners<T> gradient;
};

// How much of max(a, b) is a.
template <class T>
METRIX_INLINE T share_of_greater(T a, T b) {
    return a > b ? T(1) : (a == b ? T(0.5) : T(0));
}

// A quotient and its derivative by the first box.
template <class T>
METRIX_INLINE BoxTerms<T> ratio(T above, const Corners<T>& d_above, T below, const Corners<T>& d_below) {
    const T value = above / below;
    return {value, (T(1) / below) * (d_above - value * d_below)};
}

template <class T>
METRIX_INLINE BoxTerms<T> operator+(const BoxTerms<T>& a, const BoxTerms<T>& b) {
    return {a.value + b.value, a.gradient + b.gradient};
}

// Two boxes, the smallest one around them and their overlap. The compiler leaves away what a formula does not use.
template <class T>
struct PairOfBoxes {
    T eps;
    T w, h, target_w, target_h;
    T around_w, around_h;
    Corners<T> d_w, d_h, d_around_w, d_around_h;
    T both;  // area of the union
    Corners<T> d_both;
    BoxTerms<T> iou;
    T apart_x, apart_y;  // from the target's centre

    METRIX_INLINE PairOfBoxes(const Corners<T>& box, const Corners<T>& target, T eps_)
        : eps(eps_),
          w(box.x2 - box.x1),
          h(box.y2 - box.y1),
          target_w(target.x2 - target.x1),
          target_h(target.y2 - target.y1),
          around_w(greater(box.x2, target.x2) - lesser(box.x1, target.x1)),
          around_h(greater(box.y2, target.y2) - lesser(box.y1, target.y1)),
          apart_x((box.x1 + box.x2) / T(2) - (target.x1 + target.x2) / T(2)),
          apart_y((box.y1 + box.y2) / T(2) - (target.y1 + target.y2) / T(2)) {
        // The shares of this box's corners in those of the overlap; the others they have in the box around both.
        const T left = share_of_greater(box.x1, target.x1);
        const T top = share_of_greater(box.y1, target.y1);
        const T right = share_of_greater(target.x2, box.x2);
        const T bottom = share_of_greater(target.y2, box.y2);
        d_w = {T(-1), T(0), T(1), T(0)};
        d_h = {T(0), T(-1), T(0), T(1)};
        d_around_w = {left - T(1), T(0), T(1) - right, T(0)};
        d_around_h = {T(0), top - T(1), T(0), T(1) - bottom};

        const T common_w = lesser(box.x2, target.x2) - greater(box.x1, target.x1);
        const T common_h = lesser(box.y2, target.y2) - greater(box.y1, target.y1);
        const T inner_w = common_h > T(0) ? greater(common_w, T(0)) : T(0);
        const T inner_h = common_w > T(0) ? greater(common_h, T(0)) : T(0);
        const T common = inner_w * inner_h;
        const Corners<T> d_common{-left * inner_h, -top * inner_w, right * inner_h, bottom * inner_w};
        both = w * h + target_w * target_h - common;
        d_both = h * d_w + w * d_h - d_common;
        iou = ratio(common, d_common, both + eps, d_both);
    }

    // 1 - IoU
    [[nodiscard]] METRIX_INLINE BoxTerms<T> apart() const { return {T(1) - iou.value, T(-1) * iou.gradient}; }

    // d^2 / c^2
    [[nodiscard]] METRIX_INLINE BoxTerms<T> distance() const {
        return ratio(apart_x * apart_x + apart_y * apart_y, Corners<T>{apart_x, apart_y, apart_x, apart_y},
                     around_w * around_w + around_h * around_h + eps,
                     T(2) * around_w * d_around_w + T(2) * around_h * d_around_h);
    }
};

// What follows takes eps as its first parameter.

struct iou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        return PairOfBoxes<T>(box, target, parameters[0]).apart();
    }
};

struct iou_loss_of_log {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const BoxTerms<T> iou = PairOfBoxes<T>(box, target, parameters[0]).iou;
        const T least = greater(iou.value, parameters[0]);
        const T slope = iou.value <= parameters[0] ? T(0) : T(-1) / least;
        return {-log(least), slope * iou.gradient};
    }
};

struct giou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const PairOfBoxes<T> pair(box, target, parameters[0]);
        const T around = pair.around_w * pair.around_h;
        const Corners<T> d_around = pair.around_h * pair.d_around_w + pair.around_w * pair.d_around_h;
        return pair.apart() + ratio(around - pair.both, d_around - pair.d_both, around + pair.eps, d_around);
    }
};

struct diou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const PairOfBoxes<T> pair(box, target, parameters[0]);
        return pair.apart() + pair.distance();
    }
};

// eps; not 0: alpha has a gradient; not 0: the gradient of v is multiplied by w^2 + h^2
struct ciou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const PairOfBoxes<T> pair(box, target, parameters[0]);
        constexpr T scale = T(0.40528473456935109);  // 4 / pi^2
        // The difference of two angles is one angle, to all its digits.
        const T turn = atan_of_ratio(pair.target_w * pair.h - pair.w * pair.target_h,
                                     pair.target_h * pair.h + pair.target_w * pair.w);
        const T v = scale * turn * turn;
        const T square = pair.w * pair.w + pair.h * pair.h;
        const T inverse = T(1) / (square > T(0) ? square : T(1));
        const T norm = parameters[2] != T(0) ? T(1) : inverse;
        const T slope = T(2) * scale * turn * norm;
        const Corners<T> d_v = slope * (pair.w * pair.d_h - pair.h * pair.d_w);
        const T below = T(1) - pair.iou.value + v + pair.eps;
        const T alpha = v / (below == T(0) ? T(1) : below);  // where both are right, v is 0
        const Corners<T> d_alpha_v = T(2) * alpha * d_v - alpha * alpha * (d_v - pair.iou.gradient);
        const Corners<T> d_penalty = parameters[1] != T(0) ? d_alpha_v : alpha * d_v;
        return pair.apart() + pair.distance() + BoxTerms<T>{alpha * v, d_penalty};
    }
};

struct eiou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const PairOfBoxes<T> pair(box, target, parameters[0]);
        const T wider = pair.w - pair.target_w;
        const T higher = pair.h - pair.target_h;
        const BoxTerms<T> width =
            ratio(wider * wider, T(2) * wider * pair.d_w, pair.around_w * pair.around_w + pair.eps,
                  T(2) * pair.around_w * pair.d_around_w);
        const BoxTerms<T> height =
            ratio(higher * higher, T(2) * higher * pair.d_h, pair.around_h * pair.around_h + pair.eps,
                  T(2) * pair.around_h * pair.d_around_h);
        return pair.apart() + pair.distance() + width + height;
    }
};

// eps, gamma; the power of the IoU is a weight without a gradient
struct focal_eiou_loss {
    template <class T>
    static METRIX_INLINE BoxTerms<T> at(const Corners<T>& box, const Corners<T>& target, const T* parameters) {
        const T iou = PairOfBoxes<T>(box, target, parameters[0]).iou.value;
        const T gamma = parameters[1];
        const T power = exp(gamma * log(iou));
        const T weight = gamma == T(0) ? T(1) : power;
        const BoxTerms<T> of = eiou_loss::at(box, target, parameters);
        return {weight * of.value, weight * of.gradient};
    }
};

}  // namespace metrix::losses
