// The cost model of register tiles: a tile of r rows and v vectors takes, for
// each k, r*v FMAs and r+v loads.
#include "codegen/cpu/RegisterTile.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::nn;

// Two FMAs and two loads a cycle, four cycles from an FMA to one that needs it:
// true within a little of every core since 2015 that has FMA.
static constexpr double fmasPerCycle = 2, loadsPerCycle = 2, fmaLatency = 4;

/// `count` things in tiles of at most `largest`, their sizes as equal as can
/// be: at most two sizes, larger ones first.
static SmallVector<TileRun> cutEvenly(int64_t count, int64_t largest) {
  int64_t tiles = llvm::divideCeil(count, largest), size = llvm::divideCeil(count, tiles);
  int64_t numSmaller = size * tiles - count, numLarger = tiles - numSmaller;
  SmallVector<TileRun> runs = {{0, numLarger, 0, size}};
  if (numSmaller > 0)
    runs.push_back({numLarger, numSmaller, numLarger * size, size - 1});
  return runs;
}

/// Column tiles in elements: whole vectors, but for the last tile where n is
/// not a multiple of the lanes.
static SmallVector<TileRun> cutColumns(int64_t n, int64_t lanes, int64_t largest) {
  SmallVector<TileRun> runs = cutEvenly(llvm::divideCeil(n, lanes), largest);
  for (TileRun &run : runs) {
    run.start *= lanes;
    run.size *= lanes;
  }
  if (n % lanes == 0)
    return runs;
  TileRun &last = runs.back();
  if (--last.count == 0) {
    last = {last.firstTile, 1, last.start, n - last.start};
  } else {
    int64_t start = last.start + last.count * last.size;
    runs.push_back({last.firstTile + last.count, 1, start, n - start});
  }
  return runs;
}

static double getTileCycles(int64_t rows, int64_t vectors, int64_t k) {
  double perStep = std::max({rows * vectors / fmasPerCycle, (rows + vectors) / loadsPerCycle, fmaLatency});
  double fixed = 12 + 2.0 * rows * vectors; // Loop set-up; accumulators in and out.
  return perStep * k + fixed;
}

static double estimateCycles(const RegisterTiling &tiling, int64_t lanes, int64_t k) {
  double cycles = 0;
  for (const TileRun &row : tiling.rows)
    for (const TileRun &column : tiling.columns)
      cycles += row.count * column.count * getTileCycles(row.size, llvm::divideCeil(column.size, lanes), k);
  return cycles;
}

int64_t nn::getStart(ArrayRef<TileRun> runs, int64_t tile) {
  int64_t start = 0;
  for (const TileRun &run : runs)
    start += std::clamp<int64_t>(tile - run.firstTile, 0, run.count) * run.size;
  return start;
}

RegisterTiling nn::chooseRegisterTiling(const CpuTarget &target, int64_t lanes, int64_t m, int64_t n, int64_t k,
                                        int64_t maxVectors) {
  RegisterTiling best;
  double bestCycles = std::numeric_limits<double>::infinity();
  for (int64_t rows = 1; rows < target.vectorRegisters; ++rows)
    for (int64_t vectors = 1; vectors <= maxVectors && rows * vectors + vectors + 1 <= target.vectorRegisters;
         ++vectors) {
      RegisterTiling tiling{cutEvenly(m, rows), cutColumns(n, lanes, vectors)};
      double cycles = estimateCycles(tiling, lanes, k);
      if (cycles < bestCycles) {
        bestCycles = cycles;
        best = tiling;
      }
    }
  return best;
}

SmallVector<std::pair<int64_t, int64_t>> nn::cutIntoVectors(int64_t columns, int64_t lanes) {
  SmallVector<std::pair<int64_t, int64_t>> vectors;
  for (int64_t offset = 0; offset < columns; offset += lanes)
    vectors.push_back({offset, std::min(lanes, columns - offset)});
  return vectors;
}
