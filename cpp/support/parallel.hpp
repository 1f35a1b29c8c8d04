// The only door to threads: this is the one place with OpenMP regions.
//
// Contract: items are started in index order and each exactly once; an item writes only to slots of its own, so results
// do not depend on the number of threads. The exception of the lowest failing item leaves the call, whatever the
// number of threads. The calling thread polls for an interrupt (Ctrl-C) between items.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "support/view.hpp"

namespace metrix {

// A borrowed callable, valid during the call: parallel_for needs no allocation and no template in its body.
template <class Signature>
class FunctionRef;

template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
  public:
    template <class Callable>
        requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef>)
    FunctionRef(Callable&& callable)  // NOLINT(google-explicit-constructor)
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Args... args) -> Result {
              return (*static_cast<std::remove_reference_t<Callable>*>(object))(std::forward<Args>(args)...);
          }) {}

    Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

  private:
    void* object_;
    Result (*call_)(void*, Args...);
};

// Calls body(item, thread) for item = 0 .. count-1 on at most num_threads threads; thread is in [0, num_threads).
// num_threads <= 1 runs in the calling thread and starts none.
void parallel_for(Index count, int num_threads, FunctionRef<void(Index item, int thread)> body);

// Calls body in the calling thread and keeps a team of threads for all parallel_for that it calls. A loop of an OpenMP
// region of its own waits at its end for each of its threads, even for one that another process keeps from running and
// that has done nothing. A member of a team that comes too late is not waited for: worth it for many short loops.
void with_team(int num_threads, FunctionRef<void()> body);

// Throws Interrupted if the user asked to stop. Cheap: it looks ten times a second.
void poll_interrupt();

// What poll_interrupt asks: true means stop. Set once by the binding layer; kernels know nothing of Python.
void set_interrupt_check(bool (*check)());

// True in a process that was forked after this library was loaded.
bool in_forked_child();

}  // namespace metrix
