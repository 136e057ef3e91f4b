// The history of accesses to memory; see Accesses.h.
#include "core/Accesses.h"
#include <algorithm>

namespace nnc {
namespace {

constexpr int64_t kPageBytes = 4096;
constexpr int64_t kWordBytes = 4;

} // namespace

AccessHistory::Page &AccessHistory::getPage(int64_t number, int64_t cellBytes) {
  if (number >= static_cast<int64_t>(pages.size()))
    pages.resize(number + 1);
  Page &page = pages[number];
  if (page.generation != generation) {
    page.generation = generation;
    page.cellBytes = cellBytes;
    page.cells.assign(kPageBytes / cellBytes, Cell());
  } else if (page.cellBytes > cellBytes) {
    // What was true of a word is true of each of its bytes.
    int64_t parts = page.cellBytes / cellBytes;
    std::vector<Cell> cells(page.cells.size() * parts);
    for (size_t i = 0; i < cells.size(); ++i)
      cells[i] = page.cells[i / parts];
    page.cells = std::move(cells);
    page.cellBytes = cellBytes;
  }
  return page;
}

template <typename Check> std::optional<Race> AccessHistory::forEachCell(int64_t place, int64_t bytes, Check check) {
  int64_t cellBytes = place % kWordBytes || bytes % kWordBytes ? 1 : kWordBytes;
  for (int64_t begin = place, end = place + bytes; begin < end;) {
    Page &page = getPage(begin / kPageBytes, cellBytes);
    int64_t pageEnd = std::min(end, (begin / kPageBytes + 1) * kPageBytes);
    for (; begin < pageEnd; begin += page.cellBytes)
      if (std::optional<Race> race = check(page.cells[begin % kPageBytes / page.cellBytes])) {
        race->place = begin;
        return race;
      }
  }
  return std::nullopt;
}

std::optional<Race> AccessHistory::checkRead(Cell &cell, const Access &access) {
  if (cell.write.place && (cell.write.isPending || cell.write.isUnordered(access)))
    return Race{cell.write, true};
  bool isForeign = cell.otherRead.place && cell.otherRead.block != cell.read.block;
  if (cell.read.place && cell.read.isUnordered(access)) {
    if (cell.read.block != access.block || !isForeign)
      cell.otherRead = cell.read;
  } else if (!isForeign && cell.read.epoch != access.epoch) {
    cell.otherRead = {};
  }
  cell.read = access;
  return std::nullopt;
}

std::optional<Race> AccessHistory::checkWrite(Cell &cell, const Access &access) {
  if (cell.write.place && (cell.write.isPending || cell.write.isUnordered(access)))
    return Race{cell.write, true};
  for (const Access &read : {cell.read, cell.otherRead})
    if (read.place && read.isUnordered(access))
      return Race{read, false};
  cell.write = access;
  return std::nullopt;
}

std::optional<Race> AccessHistory::read(int64_t place, int64_t bytes, const Access &access) {
  return forEachCell(place, bytes, [&](Cell &cell) { return checkRead(cell, access); });
}

std::optional<Race> AccessHistory::write(int64_t place, int64_t bytes, const Access &access) {
  return forEachCell(place, bytes, [&](Cell &cell) { return checkWrite(cell, access); });
}

std::optional<Race> AccessHistory::beginCopy(int64_t place, int64_t bytes, const Access &access) {
  return forEachCell(place, bytes, [&](Cell &cell) {
    std::optional<Race> race = checkWrite(cell, access);
    if (!race)
      cell.write.isPending = true;
    return race;
  });
}

std::optional<Race> AccessHistory::endCopy(int64_t place, int64_t bytes, const Access &access) {
  return forEachCell(place, bytes, [&](Cell &cell) {
    cell.write.isPending = false;
    return checkWrite(cell, access);
  });
}

} // namespace nnc
