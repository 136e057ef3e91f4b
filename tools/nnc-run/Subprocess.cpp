// Running other programs.
#include "Subprocess.h"
#include "core/Error.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace nnc::run {
namespace {

std::atomic<pid_t> runningChild = 0;
volatile std::sig_atomic_t stopSignal = 0;

/// Passes Ctrl-C and SIGTERM on to the running command: who sends them to this process alone means it, too.
void stopChild(int signal) {
  stopSignal = signal;
  if (pid_t child = runningChild)
    kill(child, SIGTERM);
}

/// Catches SIGINT and SIGTERM while a command runs.
class CaughtSignals {
public:
  CaughtSignals() {
    stopSignal = 0;
    struct sigaction action{};
    action.sa_handler = stopChild;
    sigaction(SIGINT, &action, &interrupt);
    sigaction(SIGTERM, &action, &terminate);
  }
  ~CaughtSignals() {
    sigaction(SIGINT, &interrupt, nullptr);
    sigaction(SIGTERM, &terminate, nullptr);
  }

private:
  struct sigaction interrupt{}, terminate{};
};

/// Starts a command with SIGPIPE set back, which training ignores for itself only. A limit on file sizes is to fail the
/// command's writes, too, so that its message says so.
pid_t start(const std::vector<std::string> &command) {
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  sigset_t ignored;
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGPIPE);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  int error = posix_spawn(&child, command[0].c_str(), nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error)
    fail(command[0], ": cannot run: ", std::strerror(error));
  return child;
}

} // namespace

int runCommand(const std::vector<std::string> &command) {
  CaughtSignals caught;
  pid_t child = start(command);
  runningChild = child;
  if (stopSignal)
    kill(child, SIGTERM);
  // The child is only collected when no handler can signal its number any more.
  siginfo_t ended;
  int waited = 0;
  do
    waited = waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
  while (waited < 0 && errno == EINTR);
  int reason = errno;
  runningChild = 0;
  if (waited < 0)
    fail(command[0], ": cannot wait for it: ", std::strerror(reason));
  int status = 0;
  waitpid(child, &status, 0);
  if (stopSignal)
    throw Interrupted{stopSignal};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string findOnPath(const std::string &name) {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return "";
}

} // namespace nnc::run
