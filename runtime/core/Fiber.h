// Code that runs on a stack of its own and hands over to who resumed it: how the threads of an emulated kernel wait for
// each other on one thread of the host. A switch is a few instructions on x86-64, ucontext's elsewhere.
#pragma once
#include <cstddef>
#include <cstdint>
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace nnc {

/// Memory for a stack, above a page that faults. It is mapped when it is made and given back when it goes.
class FiberStack {
public:
  /// The `number` tells stacks apart that caches would otherwise hold in the same places.
  explicit FiberStack(int64_t number);
  FiberStack(FiberStack &&other) noexcept : memory(other.memory), top(other.top) { other.memory = nullptr; }
  FiberStack &operator=(FiberStack &&) = delete;
  ~FiberStack();

  char *begin() const;
  char *end() const { return top; }
  bool holds(const void *address) const { return address >= begin() && address < end(); }

private:
  char *memory, *top;
};

class Fiber {
public:
  /// Has function(argument) run on `stack` when the fiber is resumed. The function must not return: it suspends the
  /// fiber for the last time instead, as abandon().
  void start(const FiberStack &stack, void (*function)(void *), void *argument);

  /// Runs the fiber until it suspends itself.
  void resume();

  /// Called on the fiber: goes on after the resume() that runs it.
  void suspend();

  /// Called on the fiber: the same, for good. Nothing on its stack is destroyed.
  [[noreturn]] void abandon();

private:
#ifdef __x86_64__
  using Context = void *;
#else
  using Context = ucontext_t;
#endif
  void switchTo(Context &from, Context &to);
  static void enter(Fiber *fiber);

  Context own, resumer;
  void (*function)(void *);
  void *argument;
  // What the address sanitizer wants to know of stacks.
  [[maybe_unused]] const void *stackBegin, *resumerBegin;
  [[maybe_unused]] size_t stackBytes, resumerBytes;
};

} // namespace nnc
