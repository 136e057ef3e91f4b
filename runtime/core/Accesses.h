// What the threads of an emulated kernel have done to memory, byte by byte: finds two accesses to one byte, one of them
// a write, that nothing orders. Threads of a block are ordered by its barriers, blocks by nothing. It sees every such
// pair, in whatever order threads run.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace nnc {

/// By whom, between which barriers of its block, and where in the kernel.
struct Access {
  const char *place = nullptr; // null: there was none
  uint32_t block = 0;
  uint32_t thread : 10 = 0;
  uint32_t epoch : 21 = 0;
  /// Of a write: it is an asynchronous copy's that nobody has waited for.
  uint32_t isPending : 1 = 0;

  /// Whether `other`, which came before or after, is of another thread that no barrier has kept apart.
  bool isUnordered(const Access &other) const {
    return block != other.block || (epoch == other.epoch && thread != other.thread);
  }
};

constexpr int64_t kMaxEpoch = (1 << 21) - 1;

/// An earlier access that one races with.
struct Race {
  Access earlier;
  bool earlierWrites = false;
  /// The first byte that both touch.
  int64_t place = 0;
};

/// The accesses to one memory: the arena in a launch, or a block's shared memory. Places are bytes from its start.
class AccessHistory {
public:
  /// Forgets everything: what came so far is ordered before what comes now.
  void clear() { ++generation; }

  std::optional<Race> read(int64_t place, int64_t bytes, const Access &access);
  std::optional<Race> write(int64_t place, int64_t bytes, const Access &access);

  /// An asynchronous copy's writes start; until they end nobody may touch the bytes.
  std::optional<Race> beginCopy(int64_t place, int64_t bytes, const Access &access);
  std::optional<Race> endCopy(int64_t place, int64_t bytes, const Access &access);

private:
  /// What there is to know of some bytes that were always touched together.
  struct Cell {
    Access write;
    /// The latest read, and one more: of another block where there was one, else by another thread since the same
    /// barrier, where there was one.
    Access read, otherRead;
  };

  /// Cells are of four bytes until something touches fewer.
  struct Page {
    uint64_t generation = 0;
    int64_t cellBytes = 0;
    std::vector<Cell> cells;
  };

  template <typename Check> std::optional<Race> forEachCell(int64_t place, int64_t bytes, Check check);
  Page &getPage(int64_t number, int64_t cellBytes);
  static std::optional<Race> checkRead(Cell &cell, const Access &access);
  static std::optional<Race> checkWrite(Cell &cell, const Access &access);

  std::vector<Page> pages;
  uint64_t generation = 1;
};

} // namespace nnc
