// Ctrl-C, SIGTERM and SIGHUP.
#include "Interrupts.h"
#include <csignal>
#include <string_view>
#include <unistd.h>

namespace nnc::run {
namespace {

volatile std::sig_atomic_t stopSignal = 0;

/// For the next of them; after that they end the process as by default. SIGHUP stays ignored where nohup has it so.
void handleOnce(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old{};
    sigaction(signal, nullptr, &old);
    if (signal != SIGHUP || old.sa_handler != SIG_IGN)
      sigaction(signal, &action, nullptr);
  }
}

} // namespace

void reportInterrupts() {
  handleOnce([](int signal) {
    constexpr std::string_view text = "nnc-run: interrupted\n";
    if (write(STDERR_FILENO, text.data(), text.size()) < 0) {
      // Nobody reads it any more.
    }
    raise(signal);
  });
}

void catchInterrupts() {
  handleOnce([](int signal) { stopSignal = signal; });
}

int caughtSignal() { return stopSignal; }

} // namespace nnc::run
