// What this machine can do at most: the two lines of a roofline (Williams, Waterman and Patterson, 2009), measured.
#pragma once

namespace nnc {

struct Roofline {
  /// Single-precision operations a second: independent fused multiply-adds in the widest registers.
  double flops = 0;
  /// Bytes a second between memory and processor: a = b + s * c on arrays that no cache holds.
  double bytes = 0;

  /// The shortest time in which a kernel could run, in seconds.
  double seconds(double kernelFlops, double kernelBytes) const;
};

/// Takes about a fifth of a second, on as many threads as a session has workers.
Roofline measureRoofline(int threads);

} // namespace nnc
