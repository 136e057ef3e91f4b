// Data ready to be trained on: for each input of a program a column whose rows have the input's type, and the way they
// come into the arena.
#pragma once
#include "core/Session.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// Rows for one input, one after the other in memory.
struct Column {
  std::string name;
  int64_t rowBytes = 0;
  const std::byte *rows = nullptr;
  std::shared_ptr<const void> owner; // of the memory: a vector or a mapped file
};

struct Dataset {
  std::vector<Column> columns;
  int64_t rows = 0;

  const Column *find(std::string_view name) const;
};

/// Writes the batch made of `rows` of `data`, and the entry's other inputs, into the arena. Samples beyond rows.size()
/// repeat the first row and are not valid. Allocates nothing. Throws an Error where the data has no column for an input
/// of the entry.
void writeBatch(Session &session, const nnc_entry &entry, const Dataset &data, std::span<const int64_t> rows);

} // namespace nnc
