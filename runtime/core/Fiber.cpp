// Switches between stacks; see Fiber.h.
#include "core/Fiber.h"
#include "core/Error.h"
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define NNC_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NNC_ADDRESS_SANITIZER
#endif
#endif
#ifdef NNC_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace nnc {
namespace {

/// Kernels keep little on their stacks; pages that they do not touch cost nothing.
constexpr size_t kStackBytes = 256 * 1024;

size_t pageBytes() {
  static const size_t bytes = sysconf(_SC_PAGESIZE);
  return bytes;
}

} // namespace

FiberStack::FiberStack(int64_t number) {
  size_t size = kStackBytes + pageBytes();
  void *mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    fail("the system gives no memory for the stacks of a kernel's threads");
  memory = static_cast<char *>(mapped);
  mprotect(memory, pageBytes(), PROT_NONE);
  // All tops at one place of their pages would share few sets of the first cache.
  constexpr int64_t kPlaces = 32, kDistance = 192;
  top = memory + size - number % kPlaces * kDistance;
}

FiberStack::~FiberStack() {
  if (memory)
    munmap(memory, kStackBytes + pageBytes());
}

char *FiberStack::begin() const { return memory + pageBytes(); }

#ifdef __x86_64__

// What a function call leaves alone goes on the stack that is left; then the other stack's is taken from there.
extern "C" void nnc_switch_stack(void **from, void *to);
// A new stack starts here, with what to call in registers.
extern "C" void nnc_start_stack();
asm(R"(
  .pushsection .text
  .type nnc_switch_stack,@function
  .hidden nnc_switch_stack
  .globl nnc_switch_stack
nnc_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
  .size nnc_switch_stack, .-nnc_switch_stack
  .type nnc_start_stack,@function
  .hidden nnc_start_stack
  .globl nnc_start_stack
nnc_start_stack:
  movq %r12, %rdi
  callq *%r13
  ud2
  .size nnc_start_stack, .-nnc_start_stack
  .popsection
)");

namespace {

/// What nnc_switch_stack finds on a stack that has not run yet.
struct FirstFrame {
  void *r15, *r14, *r13, *r12, *rbx, *rbp;
  void (*start)();
};

} // namespace

void Fiber::start(const FiberStack &stack, void (*newFunction)(void *), void *newArgument) {
  function = newFunction;
  argument = newArgument;
  stackBegin = stack.begin();
  stackBytes = stack.end() - stack.begin();
  auto *frame = reinterpret_cast<FirstFrame *>(stack.end()) - 1;
  *frame = {};
  frame->r12 = this;
  frame->r13 = reinterpret_cast<void *>(&Fiber::enter);
  frame->start = &nnc_start_stack;
  own = frame;
}

void Fiber::switchTo(Context &from, Context &to) { nnc_switch_stack(&from, to); }

#else

void Fiber::start(const FiberStack &stack, void (*newFunction)(void *), void *newArgument) {
  function = newFunction;
  argument = newArgument;
  stackBegin = stack.begin();
  stackBytes = stack.end() - stack.begin();
  getcontext(&own);
  own.uc_stack.ss_sp = stack.begin();
  own.uc_stack.ss_size = stackBytes;
  own.uc_link = nullptr;
  // Arguments are ints.
  auto address = reinterpret_cast<uintptr_t>(this);
  void (*enterHalves)(unsigned, unsigned) = [](unsigned high, unsigned low) {
    enter(reinterpret_cast<Fiber *>(static_cast<uintptr_t>(high) << 32 | low));
  };
  makecontext(&own, reinterpret_cast<void (*)()>(enterHalves), 2, static_cast<unsigned>(address >> 32),
              static_cast<unsigned>(address));
}

void Fiber::switchTo(Context &from, Context &to) { swapcontext(&from, &to); }

#endif

void Fiber::enter(Fiber *fiber) {
#ifdef NNC_ADDRESS_SANITIZER
  // Who abandoned the stack has left its frames' marks.
  __asan_unpoison_memory_region(fiber->stackBegin, fiber->stackBytes);
  __sanitizer_finish_switch_fiber(nullptr, &fiber->resumerBegin, &fiber->resumerBytes);
#endif
  fiber->function(fiber->argument);
  std::abort();
}

void Fiber::resume() {
#ifdef NNC_ADDRESS_SANITIZER
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stackBegin, stackBytes);
#endif
  switchTo(resumer, own);
#ifdef NNC_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#ifdef NNC_ADDRESS_SANITIZER
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, resumerBegin, resumerBytes);
#endif
  switchTo(own, resumer);
#ifdef NNC_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(fake, &resumerBegin, &resumerBytes);
#endif
}

void Fiber::abandon() {
#ifdef NNC_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(nullptr, resumerBegin, resumerBytes);
#endif
  switchTo(own, resumer);
  std::abort();
}

} // namespace nnc
