#include "support/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <utility>

#include "support/error.hpp"

#ifndef _WIN32
#include <pthread.h>
#endif

#if defined(__linux__) && defined(__GNUC__)
// Older runtimes than the compiler's own, such as that of manylinux_2_28, lack it.
extern "C" int omp_pause_resource_all(omp_pause_resource_t) __attribute__((weak));
#endif

#ifdef __FAST_MATH__
#error "metrix must not be compiled with fast-math: see cpp/cmake/numerics.cmake"
#endif

namespace metrix {
namespace {

std::atomic<bool (*)()> interrupt_check{nullptr};
std::atomic<bool> forked_child{false};
std::atomic<int> most_threads{std::numeric_limits<int>::max()};

#ifndef _WIN32
// A forked child inherits the bookkeeping of libgomp's thread pool but none of its threads, and hangs in its first
// region. Giving the pool back before the fork lets the child (and the parent) start a fresh one.
// Where the runtime cannot do that, a child starts no thread.
bool can_pause() {
#ifdef __linux__
    return omp_pause_resource_all != nullptr;
#else
    return true;
#endif
}
void before_fork() {
    if (can_pause()) omp_pause_resource_all(omp_pause_soft);
}
void in_child() {
    forked_child.store(true, std::memory_order_relaxed);
    if (!can_pause()) most_threads.store(1, std::memory_order_relaxed);
}

[[maybe_unused]] const int fork_handlers = pthread_atfork(before_fork, nullptr, in_child);
#endif

// Looking may have to wait for the GIL, so it must stay rare next to the work between two looks.
constexpr auto interrupt_interval = std::chrono::milliseconds(100);

// One parallel_for in flight: hands out items and keeps the exception of the lowest item.
class Work {
  public:
    Work(Index count, FunctionRef<void(Index, int)> body) : count_(count), body_(body) {}

    void run(int thread, bool poll) {
        for (;;) {
            if (stop_.load(std::memory_order_relaxed)) return;
            const Index item = next_.fetch_add(1, std::memory_order_relaxed);
            if (item >= count_) return;
            try {
                if (poll) poll_interrupt();
                body_(item, thread);
            } catch (...) {
                fail(item);
                return;
            }
        }
    }

    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

  private:
    // Items start in index order, so every item below the failing one runs to its end and can still claim the error.
    void fail(Index item) {
        const std::lock_guard lock(mutex_);
        if (!error_ || item < failed_item_) {
            error_ = std::current_exception();
            failed_item_ = item;
        }
        stop_.store(true, std::memory_order_relaxed);
    }

    Index count_;
    FunctionRef<void(Index, int)> body_;
    std::atomic<Index> next_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::exception_ptr error_;
    Index failed_item_ = 0;
};

// Threads that sleep until there is work, for one with_team.
class Team {
  public:
    // Hands the work to the helpers and takes part in it; returns when all of it is done.
    void run(Work& work, int num_threads) {
        {
            const std::lock_guard lock(mutex_);
            work_ = &work;
            num_threads_ = num_threads;
            ++number_;
        }
        comes_.notify_all();
        work.run(0, true);
        std::unique_lock lock(mutex_);
        work_ = nullptr;  // who has not begun by now need not
        done_.wait(lock, [&] { return busy_ == 0; });
    }

    void help(int thread) {
        std::uint64_t last = 0;
        std::unique_lock lock(mutex_);
        for (;;) {
            comes_.wait(lock, [&] { return is_closed_ || (work_ != nullptr && number_ != last); });
            if (is_closed_) return;
            last = number_;
            if (thread >= num_threads_) continue;
            Work& work = *work_;
            ++busy_;
            lock.unlock();
            work.run(thread, false);
            lock.lock();
            if (--busy_ == 0) done_.notify_one();
        }
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            is_closed_ = true;
        }
        comes_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable comes_;
    std::condition_variable done_;
    Work* work_ = nullptr;
    std::uint64_t number_ = 0;  // of the work
    int num_threads_ = 0;       // that the work may have
    int busy_ = 0;              // helpers at work
    bool is_closed_ = false;
};

// Of the thread that called with_team.
thread_local Team* own_team = nullptr;

}  // namespace

void with_team(int num_threads, FunctionRef<void()> body) {
    num_threads = std::min(num_threads, most_threads.load(std::memory_order_relaxed));
    if (num_threads <= 1 || own_team != nullptr) {
        body();
        return;
    }
    Team team;
    std::exception_ptr error;  // none may leave an OpenMP region
#pragma omp parallel num_threads(num_threads)
    {
        const int thread = omp_get_thread_num();
        if (thread > 0) {
            team.help(thread);
        } else {
            own_team = &team;
            try {
                body();
            } catch (...) {
                error = std::current_exception();
            }
            own_team = nullptr;
            team.close();
        }
    }
    if (error) std::rethrow_exception(error);
}

void parallel_for(Index count, int num_threads, FunctionRef<void(Index item, int thread)> body) {
    const Index most = std::min(num_threads, most_threads.load(std::memory_order_relaxed));
    const int team = static_cast<int>(std::min(most, count));
    if (team <= 1) {
        for (Index item = 0; item < count; ++item) {
            poll_interrupt();
            body(item, 0);
        }
        return;
    }
    Work work(count, body);
    if (Team* const members = std::exchange(own_team, nullptr)) {
        members->run(work, team);
        own_team = members;
        work.rethrow();
        return;
    }
#pragma omp parallel num_threads(team)
    {
        const int thread = omp_get_thread_num();
        work.run(thread, thread == 0);
    }
    work.rethrow();
}

void poll_interrupt() {
    const auto check = interrupt_check.load(std::memory_order_relaxed);
    if (check == nullptr) return;
    thread_local std::chrono::steady_clock::time_point last_look{};
    const auto now = std::chrono::steady_clock::now();
    if (now - last_look < interrupt_interval) return;
    last_look = now;
    if (check()) throw Interrupted{};
}

void set_interrupt_check(bool (*check)()) {
    interrupt_check.store(check, std::memory_order_relaxed);
}

bool in_forked_child() {
    return forked_child.load(std::memory_order_relaxed);
}

}  // namespace metrix
