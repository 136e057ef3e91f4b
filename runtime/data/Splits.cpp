// Finding the files of a split, and which inputs they must serve.
#include "core/Error.h"
#include "data/Source.h"
#include <filesystem>

namespace nnc {

namespace fs = std::filesystem;

std::optional<std::string> findSplit(const std::string &path, const std::string &split) {
  std::optional<std::string> found;
  for (const char *suffix : {"", ".npz", ".csv", ".tsv", ".txt"}) {
    fs::path candidate = fs::path(path) / (split + suffix);
    std::error_code ignored;
    if (!fs::exists(candidate, ignored))
      continue;
    if (found)
      fail(path, ": holds both ", fs::path(*found).filename().string(), " and ", candidate.filename().string());
    found = candidate.string();
  }
  return found;
}

bool hasSplits(const std::string &path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    return false;
  return findSplit(path, "train") || findSplit(path, "validation") || findSplit(path, "test");
}

std::vector<nnc_input> dataInputs(std::span<const nnc_entry *const> entries) {
  std::vector<nnc_input> inputs;
  for (const nnc_entry *entry : entries) {
    for (const nnc_input &input : inputsOf(*entry)) {
      if (input.role != NNC_DATA)
        continue;
      const nnc_input *known = nullptr;
      for (const nnc_input &other : inputs)
        if (std::string_view(other.tensor.name) == input.tensor.name)
          known = &other;
      if (!known) {
        inputs.push_back(input);
        continue;
      }
      if (typeText(known->tensor, true) != typeText(input.tensor, true))
        fail(entry->name, " takes '", input.tensor.name, "' as ", typeText(input.tensor, true),
             ", another entry takes it as ", typeText(known->tensor, true));
    }
  }
  return inputs;
}

} // namespace nnc
