// Placement of buffers: against what a look at every pair of them says.
#include "codegen/Placement.h"
#include "llvm/ADT/SmallVector.h"
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace mlir::nn;
using llvm::SmallVector;

namespace {

SmallVector<PlacedBuffer> makeBuffers(std::mt19937 &random, int count) {
  auto draw = [&](int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random); };
  SmallVector<PlacedBuffer> buffers;
  for (int i = 0; i < count; ++i) {
    PlacedBuffer buffer;
    buffer.bytes = draw(0, 400);
    buffer.first = draw(-1, 30);
    buffer.last = buffer.first + draw(0, 10);
    buffers.push_back(buffer);
  }
  return buffers;
}

bool overlap(const PlacedBuffer &a, const PlacedBuffer &b) {
  return a.first <= b.last && b.first <= a.last && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

bool anyOverlap(llvm::ArrayRef<PlacedBuffer> buffers) {
  for (size_t i = 0; i < buffers.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (overlap(buffers[i], buffers[j]))
        return true;
  return false;
}

TEST(Placement, PlacesWithoutOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    SmallVector<PlacedBuffer> buffers = makeBuffers(random, round % 40);
    int64_t end = placeBuffers(buffers, 128);
    EXPECT_FALSE(anyOverlap(buffers));
    EXPECT_FALSE(findOverlap(buffers).has_value());
    EXPECT_GE(end, 128 + findLivePeak(buffers).bytes);
    EXPECT_LE(end, *getEndApart(buffers, 128));
    for (const PlacedBuffer &buffer : buffers) {
      EXPECT_GE(buffer.offset, 128);
      EXPECT_LE(buffer.offset + buffer.bytes, end);
      EXPECT_EQ(buffer.offset % bufferAlignment, 0);
    }
  }
}

PlacedBuffer makeBuffer(int64_t bytes, int64_t first, int64_t last) {
  PlacedBuffer buffer;
  buffer.bytes = bytes;
  buffer.first = first;
  buffer.last = last;
  return buffer;
}

TEST(Placement, MendsItsOrders) {
  // Each order starts with the third, at the bottom; the fourth, above it, then leaves the first two no room together.
  SmallVector<PlacedBuffer> buffers = {makeBuffer(192, 2, 3), makeBuffer(192, 1, 3), makeBuffer(256, 5, 7),
                                       makeBuffer(256, 3, 5)};
  EXPECT_EQ(placeBuffers(buffers, 0), 640);
  EXPECT_EQ(findLivePeak(buffers).bytes, 640);
  EXPECT_FALSE(anyOverlap(buffers));
}

TEST(Placement, ComesCloseToTheLivePeak) {
  std::mt19937 random(3);
  double sum = 0;
  constexpr int rounds = 200;
  for (int round = 0; round < rounds; ++round) {
    SmallVector<PlacedBuffer> buffers = makeBuffers(random, 10 + round % 40);
    double ratio = double(placeBuffers(buffers, 0)) / double(findLivePeak(buffers).bytes);
    EXPECT_LT(ratio, 1.15);
    sum += ratio;
  }
  EXPECT_LT(sum / rounds, 1.02);
}

TEST(Placement, FindsOverlaps) {
  std::mt19937 random(2);
  int found = 0;
  for (int round = 0; round < 2000; ++round) {
    SmallVector<PlacedBuffer> buffers = makeBuffers(random, round % 12);
    for (PlacedBuffer &buffer : buffers)
      buffer.offset = std::uniform_int_distribution<int64_t>(0, 3000)(random);
    auto pair = findOverlap(buffers);
    ASSERT_EQ(pair.has_value(), anyOverlap(buffers));
    if (!pair)
      continue;
    ++found;
    EXPECT_TRUE(overlap(buffers[pair->first], buffers[pair->second]));
  }
  EXPECT_GT(found, 100);
  EXPECT_LT(found, 1900);
}

TEST(Placement, FindsThePeak) {
  SmallVector<PlacedBuffer> buffers(3);
  buffers[0].bytes = 64, buffers[0].first = 0, buffers[0].last = 5;
  buffers[1].bytes = 100, buffers[1].first = 3, buffers[1].last = 4;
  buffers[2].bytes = 64, buffers[2].first = 5, buffers[2].last = 9;
  EXPECT_EQ(findLivePeak(buffers).time, 3);
  EXPECT_EQ(findLivePeak(buffers).bytes, 64 + 128);
}

TEST(Placement, CountsOnlyWhatCanBeCounted) {
  SmallVector<PlacedBuffer> buffers(2);
  buffers[0].bytes = buffers[1].bytes = (int64_t(1) << 62) - 128;
  EXPECT_EQ(getEndApart(buffers, 0), std::numeric_limits<int64_t>::max() - 255);
  EXPECT_FALSE(getEndApart(buffers, 256).has_value());
  buffers[0].bytes = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(getEndApart(buffers[0], 0).has_value());
}

} // namespace
