// What was measured once and for all: a table in a file, a line a contraction.
#pragma once
#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>

namespace mlir::nn {

struct TuningResult {
  /// The attribute's text; `{}` where the target's own choice is best.
  std::string schedule;
  /// For people: what was multiplied, and microseconds without and with the schedule.
  std::string contraction, times;
};

class TuningResults {
public:
  explicit TuningResults(std::string path) : path(std::move(path)) {}

  /// An empty table where there is no file. Lines that are no results are left out; the Error says which is the first.
  llvm::Error load();

  const TuningResult *find(StringRef key) const;
  void add(StringRef key, TuningResult result);
  /// Forgets a result that turned out to be none.
  void remove(StringRef key);

  /// Adds what is new to the file, which appears complete or not at all; what is no table, or cannot be read, stays.
  llvm::Error save();

  /// $XDG_CACHE_HOME/nnc/tuned.tsv, else ~/.cache/nnc/tuned.tsv, beside the programs that nnc-run keeps; an empty text
  /// where neither is set.
  static std::string getDefaultPath();

private:
  /// Fails where a line is no result too, but then `isTable` is true, and what is one has been read.
  llvm::Error read(std::map<std::string, TuningResult> &results, bool &isTable) const;

  std::string path;
  std::map<std::string, TuningResult> known, added;
};

} // namespace mlir::nn
