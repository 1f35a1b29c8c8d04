// Compiled once for each instruction set, with METRIX_LEVEL its name, under the rules of blocks.cpp.
#include "kernels/losses/box_blocks.hpp"

#include "kernels/losses/detection.hpp"

namespace metrix::losses {
namespace {

using boxes::Format;

constexpr Index tile_size = 128;

// A tile of rows as columns.
template <class T>
struct Columns {
    T x1[tile_size], y1[tile_size], x2[tile_size], y2[tile_size];

    METRIX_INLINE Corners<T> at(Index i) const { return {x1[i], y1[i], x2[i], y2[i]}; }
};

template <class T, Format format>
bool read(const T* rows, Index count, Columns<T>& columns) {
    int inverted = 0;
    for (Index i = 0; i < count; ++i) {
        const T a = rows[4 * i], b = rows[4 * i + 1], c = rows[4 * i + 2], d = rows[4 * i + 3];
        const T half_w = c / T(2), half_h = d / T(2);
        const T x1 = format == Format::cxcywh ? a - half_w : a;
        const T y1 = format == Format::cxcywh ? b - half_h : b;
        const T x2 = format == Format::xyxy ? c : (format == Format::xywh ? a + c : a + half_w);
        const T y2 = format == Format::xyxy ? d : (format == Format::xywh ? b + d : b + half_h);
        columns.x1[i] = x1, columns.y1[i] = y1, columns.x2[i] = x2, columns.y2[i] = y2;
        inverted |= static_cast<int>(x2 < x1) | static_cast<int>(y2 < y1);
    }
    return inverted != 0;
}

// Derivatives by corners as derivatives by the numbers of the format.
template <class T, Format format>
void write(const Columns<T>& columns, Index count, T* rows) {
    for (Index i = 0; i < count; ++i) {
        const auto [x1, y1, x2, y2] = columns.at(i);
        const bool is_xyxy = format == Format::xyxy;
        rows[4 * i] = is_xyxy ? x1 : x1 + x2;
        rows[4 * i + 1] = is_xyxy ? y1 : y1 + y2;
        rows[4 * i + 2] = format == Format::cxcywh ? (x2 - x1) / T(2) : x2;
        rows[4 * i + 3] = format == Format::cxcywh ? (y2 - y1) / T(2) : y2;
    }
}

template <class T>
bool read(const T* rows, Index count, Format format, Columns<T>& columns) {
    if (format == Format::xywh) return read<T, Format::xywh>(rows, count, columns);
    if (format == Format::cxcywh) return read<T, Format::cxcywh>(rows, count, columns);
    return read<T, Format::xyxy>(rows, count, columns);
}

template <class T>
void write(const Columns<T>& columns, Index count, Format format, T* rows) {
    if (format == Format::xywh) return write<T, Format::xywh>(columns, count, rows);
    if (format == Format::cxcywh) return write<T, Format::cxcywh>(columns, count, rows);
    write<T, Format::xyxy>(columns, count, rows);
}

template <class T, class F, bool wants_gradient>
bool terms(const T* boxes, const T* targets, Index count, Format format, const T* parameters, T* value, T* gradient) {
    const T own[3] = {parameters[0], parameters[1], parameters[2]};  // in registers: no output can change them
    Columns<T> box, target, derivative;
    bool is_inverted = false;
    for (Index first = 0; first < count; first += tile_size) {
        const Index size = count - first < tile_size ? count - first : tile_size;
        is_inverted |= read(boxes + 4 * first, size, format, box);
        is_inverted |= read(targets + 4 * first, size, format, target);
        T* const values = value + first;
        for (Index i = 0; i < size; ++i) {
            const BoxTerms<T> of = F::at(box.at(i), target.at(i), own);
            values[i] = of.value;
            if constexpr (wants_gradient) {
                derivative.x1[i] = of.gradient.x1, derivative.y1[i] = of.gradient.y1;
                derivative.x2[i] = of.gradient.x2, derivative.y2[i] = of.gradient.y2;
            }
        }
        if constexpr (wants_gradient) write(derivative, size, format, gradient + 4 * first);
    }
    return is_inverted;
}

template <class T>
constexpr BoxBlocks<T> table() {
    return {{
#define METRIX_OF(name) {terms<T, name, false>, terms<T, name, true>},
        METRIX_BOX_LOSSES(METRIX_OF)
#undef METRIX_OF
    }};
}

}  // namespace

namespace METRIX_LEVEL {
extern const BoxBlocks<float> box_blocks_of_floats;
extern const BoxBlocks<double> box_blocks_of_doubles;
constinit const BoxBlocks<float> box_blocks_of_floats = table<float>();
constinit const BoxBlocks<double> box_blocks_of_doubles = table<double>();
}  // namespace METRIX_LEVEL

}  // namespace metrix::losses
