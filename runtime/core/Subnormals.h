// How programs compute with subnormal numbers: as with zeros.
#pragma once
#include <cstdint>

namespace nnc {

/// While it lives, the thread's floating-point operations take subnormal numbers for zeros, and give zeros in place of
/// them (x86's DAZ and FTZ). Processors take a hundred cycles more for an operation on one, and training makes many:
/// what decays by a factor a step, such as Adam's first moment of a row that no batch names, rounds to one of the
/// smallest of them for ever; the gradient of a loss near 0 passes through all of them.
class SubnormalsAreZeros {
public:
  SubnormalsAreZeros() : previous(read()) { write(previous | kFlags); }
  ~SubnormalsAreZeros() { write(previous); }
  SubnormalsAreZeros(const SubnormalsAreZeros &) = delete;

private:
#if defined(__x86_64__)
  using Register = uint32_t;
  static constexpr Register kFlags = 1u << 15 | 1u << 6;
  static Register read() { return __builtin_ia32_stmxcsr(); }
  static void write(Register value) { __builtin_ia32_ldmxcsr(value); }
#elif defined(__aarch64__)
  using Register = uint64_t;
  static constexpr Register kFlags = 1u << 24;
  static Register read() {
    Register value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(Register value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
  using Register = int;
  static constexpr Register kFlags = 0;
  static Register read() { return 0; }
  static void write(Register) {}
#endif

  Register previous;
};

} // namespace nnc
