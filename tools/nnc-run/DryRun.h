// nnc-run train --dry-run.
#pragma once
#include "Options.h"
#include <optional>
#include <string>

namespace nnc::run {

/// Bytes as a person types them: 17179869184, 16GB, 16gb, 1.5GiB. Nothing where that is no number of bytes above 0.
std::optional<int64_t> parseBytes(const std::string &text);

/// Prints whether a training run fits into the memory there is (or --memory), and the largest batch that does. Nothing
/// is allocated: what a program takes is read off its descriptor. 0 where it fits, 1 where it does not.
int dryRun(const Options &options, int64_t batch);

} // namespace nnc::run
