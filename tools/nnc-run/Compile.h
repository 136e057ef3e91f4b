// From a model file to a shared object, through the cache.
#pragma once
#include "Options.h"
#include "core/Program.h"
#include <memory>
#include <string>

namespace nnc::run {

/// Opens a compiled program for `options.model`, with the given entry points (comma-separated) and batch.
///
/// A shared object is taken as it is. A model file is looked up in the cache ($XDG_CACHE_HOME/nnc, else ~/.cache/nnc)
/// by a hash of its text, the options and the compiler's identity; where that is not there or damaged, nnc-opt makes
/// it. Where no cache can be kept, it makes a file that is gone once it is open, with a warning. $NNC_OPT names another
/// binary than that found beside nnc-run or on PATH. With --tune, the key also holds what tuned.tsv in the cache does,
/// which nnc-opt keeps the results of measurements in.
std::shared_ptr<const nnc_program> openCompiled(const Options &options, const std::string &entries, int64_t batch);

/// Whether MODEL is already compiled.
bool isCompiled(const std::string &model);

} // namespace nnc::run
