// The order in which an epoch visits the rows.
#pragma once
#include <cstdint>
#include <span>

namespace nnc {

/// Puts the numbers 0, 1, ..., n-1 into `order` in a sequence that seed and epoch alone decide.
///
/// Fisher and Yates: for i = n-1 down to 1, element i is swapped with element j = (r · (i + 1)) >> 64, where r is the
/// first 64 bits (word 1 above word 0) of Philox 4x32-10 at counter (i mod 2^32, i / 2^32, epoch mod 2^32,
/// epoch / 2^32) with key (seed mod 2^32, (seed / 2^32) xor 0x73687566).
void shuffleRows(uint64_t seed, uint64_t epoch, std::span<int64_t> order);

/// Philox 4x32-10 (Salmon et al., 2011): the first two of the four words of a block.
uint64_t philox(uint64_t counterLow, uint64_t counterHigh, uint64_t key);

} // namespace nnc
