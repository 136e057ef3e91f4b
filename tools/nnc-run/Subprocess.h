// Running other programs.
#pragma once
#include <string>
#include <vector>

namespace nnc::run {

/// Thrown where SIGINT or SIGTERM came while a command ran, so that what it left behind is cleaned up.
struct Interrupted {
  int signal;
};

/// Runs a command with this process's standard streams and waits for it. Its exit status; 128 and more where a signal
/// ended it; it ends with this process. Throws an Error where it cannot be started; SIGINT and SIGTERM end it and throw
/// Interrupted.
int runCommand(const std::vector<std::string> &command);

/// The path of an executable that PATH finds, or an empty text.
std::string findOnPath(const std::string &name);

} // namespace nnc::run
