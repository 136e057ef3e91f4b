// nnc-run encode: data as the numbers that training reads, for other tools to train on the same.
#include "Compile.h"
#include "Data.h"
#include "Options.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include "data/Npy.h"
#include <filesystem>

namespace nnc::run {
namespace {

namespace fs = std::filesystem;

void writeLines(const fs::path &path, const std::vector<std::string> &lines) {
  AtomicFile file(path.string());
  for (const std::string &line : lines)
    file.write(line + "\n");
  file.commit();
}

void writeDataset(const fs::path &directory, const Dataset &data, const std::vector<nnc_input> &inputs) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    fail(directory.string(), ": cannot make the directory: ", error.message());
  for (const nnc_input &input : inputs) {
    const nnc_tensor &tensor = input.tensor;
    std::vector<int64_t> shape(shapeOf(tensor).begin(), shapeOf(tensor).end());
    shape[0] = data.rows;
    fs::path file = directory / (std::string(tensor.name) + ".npy");
    writeNpy(file.string(), tensor.dtype, shape, data.find(tensor.name)->rows);
  }
}

} // namespace

/// Writes each split there is as DIRECTORY/SPLIT/INPUT.npy, which --data reads again, and words.txt (the word of number
/// n on line n - 1) and INPUT.classes.txt beside them.
int encode(const Options &options) {
  std::error_code ignored;
  if (fs::exists(options.output, ignored) && !fs::is_directory(options.output, ignored))
    fail(options.output, ": is a file; --output of encode takes a directory to make");
  auto program = openCompiled(options, "init,train,evaluate", options.batch.value_or(kDefaultBatch));
  std::vector<const nnc_entry *> entries;
  for (const nnc_entry &entry : entriesOf(*program))
    if (entry.kind == NNC_TRAIN)
      entries.push_back(&entry);
  std::vector<nnc_input> inputs = dataInputs(entries);
  std::optional<Encoding> known;
  if (!options.checkpoint.empty())
    known = readCheckpoint(options.checkpoint).encoding;
  TrainingData data = loadTrainingData(options, inputs, known ? &*known : nullptr, nullptr);
  bool split = hasSplits(options.data);
  fs::path root(options.output);
  writeDataset(split ? root / "train" : root, *data.training.data, inputs);
  for (const char *name : {"validation", "test"})
    if (auto path = split ? findSplit(options.data, name) : std::nullopt)
      writeDataset(root / name, Source(*path, inputs, &data.encoding).encode(data.encoding), inputs);
  if (!data.encoding.vocabulary.words().empty())
    writeLines(root / "words.txt", data.encoding.vocabulary.words());
  for (const auto &[input, classes] : data.encoding.classes)
    writeLines(root / (input + ".classes.txt"), classes);
  return 0;
}

} // namespace nnc::run
