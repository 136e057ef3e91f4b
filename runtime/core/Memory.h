// How much memory there is.
#pragma once
#include <cstdint>

namespace nnc {

/// Bytes that this process can still get: what the kernel can give without swapping and the swap that is free, and no
/// more than is left of the limits of the control groups (v2) that it is in, as in a container. As far as the system
/// tells: all memory there is where it does not.
int64_t availableMemory();

} // namespace nnc
