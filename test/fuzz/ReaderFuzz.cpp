// Fuzz target for everything that reads a file: each reader throws an Error or returns, whatever the bytes are. Built
// once per reader, which NNC_FUZZ_READER names, with libFuzzer, ASan and UBSan; `readers.test` runs each for some
// seconds.
#include "checkpoint/Checkpoint.h"
#include "core/Error.h"
#include "data/Array.h"
#include "data/Npy.h"
#include "data/Source.h"
#include "data/Table.h"
#include "data/WordVectors.h"
#include <cstdint>
#include <cstring>
#include <numeric>

using namespace nnc;

namespace {

nnc_input makeInput(const char *name, nnc_dtype dtype, std::initializer_list<int64_t> shape) {
  nnc_input input{};
  input.tensor.name = name;
  input.tensor.dtype = dtype;
  input.tensor.rank = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), input.tensor.shape);
  return input;
}

void convertAll(const Array &array) {
  for (nnc_dtype dtype : {NNC_F32, NNC_F64, NNC_I32, NNC_I64}) {
    nnc_input input = makeInput("x", dtype, {1, 3});
    try {
      toColumn(array, input);
    } catch (const Error &) {
    }
  }
}

[[maybe_unused]] void readNpyBytes(std::span<const std::byte> bytes) { convertAll(parseNpy(bytes, "fuzz", nullptr)); }

[[maybe_unused]] void readNpzBytes(std::span<const std::byte> bytes) {
  for (const auto &[name, array] : parseNpz(bytes, "fuzz", nullptr))
    convertAll(array);
}

[[maybe_unused]] std::string_view textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

void touchTable(const Table &table) {
  VocabularyBuilder builder;
  for (int64_t row = 0; row < table.rows(); ++row)
    for (size_t column = 0; column < table.header.size(); ++column)
      builder.add(table.cell(row, column));
  Vocabulary vocabulary = builder.build(10);
  int32_t tokens[5];
  for (int64_t row = 0; row < table.rows(); ++row)
    vocabulary.encode(table.cell(row, 0), tokens);
}

[[maybe_unused]] void readCsvBytes(std::span<const std::byte> bytes) { touchTable(parseCsv(textOf(bytes), "fuzz")); }
[[maybe_unused]] void readTsvBytes(std::span<const std::byte> bytes) { touchTable(parseTsv(textOf(bytes), "fuzz")); }
[[maybe_unused]] void readWordVectorsBytes(std::span<const std::byte> bytes) {
  Vocabulary vocabulary({"the", "a"});
  for (int64_t size : {1, 3})
    try {
      parseWordVectors(textOf(bytes), "fuzz", vocabulary, size);
    } catch (const Error &) {
    }
}
[[maybe_unused]] void readCheckpointBytes(std::span<const std::byte> bytes) {
  parseCheckpoint(parseSafetensors(bytes, "fuzz", nullptr), "fuzz");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A copy of exactly this size lets ASan see the first byte read behind it.
  std::vector<std::byte> bytes(size);
  if (size)
    std::memcpy(bytes.data(), data, size);
  try {
    NNC_FUZZ_READER(std::span<const std::byte>(bytes.data(), bytes.size()));
  } catch (const Error &) {
  }
  return 0;
}
