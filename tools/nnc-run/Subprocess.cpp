// Running other programs.
#include "Subprocess.h"
#include "core/Error.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/// In the child: becomes the command. SIGPIPE is set back, which training ignores for itself only. A limit on file
/// sizes is to fail the command's writes, too, so that its message says so. The command ends with this process, however
/// that ends.
[[noreturn]] void become(char *const *arguments, pid_t parent, int report) {
  std::signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  execv(arguments[0], arguments);
  int reason = errno;
  _exit(write(report, &reason, sizeof(reason)) == sizeof(reason) ? 127 : 126);
}

pid_t start(const std::vector<std::string> &command) {
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  // Closed by a command that starts, and else written to.
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0)
    fail(command[0], ": cannot run: ", std::strerror(errno));
  pid_t parent = getpid(), child = fork();
  int reason = errno;
  if (child == 0)
    become(arguments.data(), parent, report[1]);
  close(report[1]);
  bool hasFailed = child < 0 || read(report[0], &reason, sizeof(reason)) == sizeof(reason);
  close(report[0]);
  if (hasFailed && child > 0)
    waitpid(child, nullptr, 0);
  if (hasFailed)
    fail(command[0], ": cannot run: ", std::strerror(reason));
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
