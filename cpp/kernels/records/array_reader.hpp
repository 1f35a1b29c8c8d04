// Reads a JSON array of records, window by window and on several threads, into columns.
//
// A window is cut at places that look like a border between two records: behind a '}' that is followed by ',' and '{'.
// The same characters may stand inside a text or a nested value, so each cut is checked afterwards: the part before it
// must end exactly there. Where it does not, what was read behind the cut is thrown away and read again from the true
// place. So a wrong guess costs time and never a number, and the result does not depend on the number of threads.
//
// A builder is made from ReadOptions and has: size(), clear(), reserve(factor), join(part), and read_record(text, end),
// which adds one record or throws TextError and adds none.
#pragma once

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "kernels/records.hpp"
#include "support/error.hpp"
#include "support/parallel.hpp"

namespace metrix::records {

#ifdef METRIX_READER_PART_SIZE  // the fuzzers meet more borders in small parts
constexpr Index part_size = METRIX_READER_PART_SIZE;
#else
constexpr Index part_size = Index{1} << 17;
#endif

// One thread works in its cache; more of them get enough parts to share evenly.
inline Index block_size(int num_threads) {
    return num_threads <= 1 ? 2 * part_size : 4 * part_size * num_threads;
}

// A larger text is not believed to have the size that is claimed.
constexpr std::uint64_t largest_hint = std::uint64_t{1} << 40;

// An error this close to the end of the window may be due to the cut: no token that fails is looked at further back.
constexpr Index lookahead = 32;

inline bool may_be_cut(const Input& input, const TextError& error) {
    return !input.exhausted() && error.at + lookahead >= input.end();
}

[[noreturn]] inline void throw_text_error(const Input& input, const TextError& error, std::string where) {
    if (!error.field.empty()) where += (where.empty() ? "" : ".") + error.field;
    const bool at_end = input.exhausted() && error.at >= input.end();
    throw_value_error((where.empty() ? "" : where + ": ") + error.message +
                      (at_end ? " (the text ends at byte " : " (at byte ") +
                      std::to_string(input.position(std::min(error.at, input.end()))) + ")");
}

// Runs step(begin, end), which returns what it leaves, on a window that grows until the step succeeds.
template <class Step>
void read_step(Input& input, Step&& step) {
    for (;;) {
        try {
            input.consume(step(input.begin(), input.end()));
            return;
        } catch (const TextError& error) {
            if (!may_be_cut(input, error)) throw_text_error(input, error, "");
            input.extend();
        }
    }
}

void skip_byte_order_mark(Input& input);

// Fails unless nothing but space follows.
void expect_end(Input& input);

template <class Builder>
class ArrayReader {
  public:
    // The input stands behind the '[' of the array called `name`.
    ArrayReader(Input& input, std::string name, const ReadOptions& options, Builder& whole)
        : input_(input), name_(std::move(name)), options_(options), whole_(whole) {}

    // Leaves the input behind the closing ']'.
    void read() {
        const bool is_one_part = input_.exhausted() && input_.end() - input_.begin() <= part_size;
        with_team(is_one_part ? 1 : options_.num_threads, [&] { read_windows(); });
    }

  private:
    void read_windows() {
        const std::uint64_t begin = input_.position(input_.begin());
        bool reserved = false;
        for (;;) {
            read_window();
            if (finished_) return;
            const std::uint64_t consumed = input_.position(input_.begin()) - begin;
            if (!reserved && options_.size_hint > begin + consumed && options_.size_hint <= largest_hint &&
                whole_.size() >= 64) {
                // Room for all at once, with some to spare: growing would copy every column several times.
                const double all = static_cast<double>(options_.size_hint - begin);
                try {
                    whole_.reserve(1.02 * all / static_cast<double>(consumed));
                } catch (const std::bad_alloc&) {  // a file with holes may claim any size: without room, columns grow
                }
                reserved = true;
            }
            if (needs_more_) {
                if (input_.exhausted()) throw_text_error(input_, {input_.end(), {}, "expected ']'"}, name_);
                input_.extend();
            }
        }
    }

    struct Part {
        explicit Part(const char* from) : begin(from) {}

        const char* begin;
        const char* stop = nullptr;
        const char* at = nullptr;  // behind the last record that was read
        bool found_end = false;    // `at` is behind the ']'
        std::optional<TextError> error;
    };

    void read_window() {
        cut_window();
        const Index count = ssize(parts_);
        while (ssize(builders_) < count) builders_.emplace_back(options_);
        // Reading the next block is work like any other: with two threads it costs little time of its own.
        const Index first_part = input_.exhausted() ? 0 : 1;
        parallel_for(first_part + count, options_.num_threads, [&](Index item, int) {
            const Index part = item - first_part;
            if (part < 0) {
                input_.prefetch();
                return;
            }
            // The first part needs no place of its own: whatever comes before it has been joined.
            if (part > 0) builders_[static_cast<std::size_t>(part)].clear();
            read_part(parts_[static_cast<std::size_t>(part)],
                      part == 0 ? whole_ : builders_[static_cast<std::size_t>(part)], part > 0 || !at_first_record_);
        });
        join_parts();
    }

    void cut_window() {
        const char* const begin = input_.begin();
        const Index size = input_.end() - begin;
        const Index wanted = options_.num_threads <= 1 ? 1 : std::max<Index>(1, (size + part_size / 2) / part_size);
        parts_.clear();
        parts_.push_back(Part(begin));
        for (Index i = 1; i < wanted; ++i) {
            const char* const from = begin + size / wanted * i;
            if (from <= parts_.back().begin) continue;  // within a long record
            const char* const cut = find_border(from, input_.end());
            if (cut == nullptr) break;
            parts_.back().stop = cut;
            parts_.push_back(Part(cut));
        }
        parts_.back().stop = input_.end();
    }

    static const char* find_border(const char* text, const char* end) {
        for (; text < end; ++text) {
            if (*text != '}') continue;
            const char* after = text + 1;
            skip_space(after);
            if (*after != ',') continue;
            ++after;
            skip_space(after);
            if (*after == '{') return text + 1;
        }
        return nullptr;
    }

    void read_part(Part& part, Builder& builder, bool behind_a_record) {
        part.at = part.begin;
        try {
            while (part.at < part.stop) {
                const char* text = part.at;
                skip_space(text);
                if (text >= input_.end()) return;  // nothing but space is left
                if (*text == ']') {
                    part.found_end = true;
                    part.at = text + 1;
                    return;
                }
                if (behind_a_record) {
                    if (*text != ',') fail(text, "expected ',' or ']' after a record");
                    ++text;
                    skip_space(text);
                }
                part.at = builder.read_record(text, input_.end());
                behind_a_record = true;
            }
        } catch (const TextError& error) {
            part.error = error;
        }
    }

    void join_parts() {
        needs_more_ = true;
        const char* at = input_.begin();
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            const Part& part = parts_[i];
            if (part.begin != at) {  // the cut before this part was no border
                needs_more_ = false;
                break;
            }
            if (i > 0) join(part, builders_[i]);
            at = part.at;
            if (at != input_.begin()) at_first_record_ = false;
            if (part.found_end) {
                finished_ = true;
                break;
            }
            if (part.error) {
                if (!may_be_cut(input_, *part.error)) fail_from(part.at);
                break;
            }
        }
        if (!finished_) skip_space(at);  // so that no window grows by space alone
        input_.consume(at);
    }

    void join(const Part& part, const Builder& builder) {
        try {
            whole_.join(builder);
        } catch (const JoinError&) {
            fail_from(part.begin);
        }
    }

    // A part knows nothing of the records before it, which may decide what is wrong first: for the error of one thread,
    // the records from here on are read behind them.
    [[noreturn]] void fail_from(const char* at) {
        Part again(at);
        again.stop = input_.end();
        read_part(again, whole_, !at_first_record_);
        throw_text_error(input_, again.error.value(), name_ + "[" + std::to_string(whole_.size()) + "]");
    }

    Input& input_;
    std::string name_;
    const ReadOptions& options_;
    Builder& whole_;
    std::vector<Part> parts_;
    std::vector<Builder> builders_;
    bool at_first_record_ = true;
    bool needs_more_ = false;
    bool finished_ = false;
};

}  // namespace metrix::records
