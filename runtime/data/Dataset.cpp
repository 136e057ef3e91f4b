// The way of data into the arena.
#include "data/Dataset.h"
#include <cstring>

namespace nnc {

const Column *Dataset::find(std::string_view name) const {
  for (const Column &column : columns)
    if (column.name == name)
      return &column;
  return nullptr;
}

void writeBatch(Session &session, const nnc_entry &entry, const Dataset &data, std::span<const int64_t> rows) {
  if (rows.empty() || static_cast<int64_t>(rows.size()) > entry.batch)
    fail(entry.name, " takes between 1 and ", entry.batch, " samples, not ", rows.size());
  for (const nnc_input &input : inputsOf(entry)) {
    if (input.role != NNC_DATA)
      continue;
    const Column *column = data.find(input.tensor.name);
    if (!column)
      fail("the data has no column for the input '", input.tensor.name, "' of ", entry.name);
    int64_t bytes = column->rowBytes;
    auto *target = static_cast<std::byte *>(session.inputAt(entry, input.tensor));
    for (int64_t i = 0; i < entry.batch; ++i) {
      int64_t row = rows[i < static_cast<int64_t>(rows.size()) ? i : 0];
      std::memcpy(target + i * bytes, column->rows + row * bytes, bytes);
    }
  }
  session.writeControls(entry, static_cast<int64_t>(rows.size()));
}

} // namespace nnc
