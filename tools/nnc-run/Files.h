// What is checked about the files that a command writes, before it starts.
#pragma once
#include "Options.h"
#include <string>

namespace nnc::run {

/// Throws an Error where `path`, which `option` gave, cannot be written, is no ordinary file or is one that the command
/// reads, or its --checkpoint or --save-best. An empty path is no file.
void checkReplaceable(const char *option, const std::string &path, const Options &options);

/// The same for --checkpoint, --save-best and --history; a file that is there must be of the kind that replaces it.
void checkCheckpointPaths(const Options &options);
void checkHistoryPath(const Options &options);

/// The same for --trace, which must not be --history either.
void checkTracePath(const Options &options);

/// Ends what was printed on standard output: 0, or an Error where it could not all be written.
int finishOutput();

} // namespace nnc::run
