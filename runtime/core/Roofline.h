// What this machine can do at most: the two lines of a roofline (Williams, Waterman and Patterson, 2009), measured.
#pragma once
#include "nnc/program.h"

namespace nnc {

/// With tensor cores it has a third: they work beside the other units.
struct Roofline {
  /// Single-precision operations a second: independent fused multiply-adds in the widest registers.
  double flops = 0;
  /// Bytes a second between memory and processor: a = b + s * c on arrays that no cache holds.
  double bytes = 0;

  /// Operations a second of a GPU's tensor cores by type of the factors; 0 where that is not known.
  double tf32Flops = 0, bf16Flops = 0;
  /// That of a precision (nnc_precision); 0 of f32, which they do not multiply.
  double tensorFlops(int32_t precision) const;

  /// The shortest time in which a kernel could do its arithmetic, and in which it could run, in seconds. `precision`
  /// (nnc_precision) is that of its entry.
  double arithmeticSeconds(const nnc_kernel &kernel, int32_t precision) const;
  double seconds(const nnc_kernel &kernel, int32_t precision) const;
};

/// Takes about a fifth of a second, on as many threads as a session has workers.
Roofline measureRoofline(int threads);

} // namespace nnc
