// The order in which an epoch visits the rows.
#include "data/Shuffle.h"
#include <numeric>
#include <utility>

namespace nnc {

uint64_t philox(uint64_t counterLow, uint64_t counterHigh, uint64_t key) {
  uint32_t counter[4] = {uint32_t(counterLow), uint32_t(counterLow >> 32), uint32_t(counterHigh),
                         uint32_t(counterHigh >> 32)};
  uint32_t keyLow = uint32_t(key), keyHigh = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53) * counter[0];
    uint64_t product1 = uint64_t(0xCD9E8D57) * counter[2];
    uint32_t next[4] = {uint32_t(product1 >> 32) ^ counter[1] ^ keyLow, uint32_t(product1),
                        uint32_t(product0 >> 32) ^ counter[3] ^ keyHigh, uint32_t(product0)};
    std::copy(next, next + 4, counter);
    keyLow += 0x9E3779B9;
    keyHigh += 0xBB67AE85;
  }
  return uint64_t(counter[1]) << 32 | counter[0];
}

void shuffleRows(uint64_t seed, uint64_t epoch, std::span<int64_t> order) {
  constexpr uint64_t kStream = uint64_t(0x73687566) << 32; // "shuf": keeps these bits apart from the model's own
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = order.size(); i-- > 1;) {
    uint64_t random = philox(i, epoch, seed ^ kStream);
    uint64_t j = static_cast<uint64_t>((static_cast<unsigned __int128>(random) * (i + 1)) >> 64);
    std::swap(order[i], order[j]);
  }
}

} // namespace nnc
