// Ctrl-C and SIGTERM while a command trains.
#include "Interrupts.h"
#include <csignal>

namespace nnc::run {
namespace {

volatile std::sig_atomic_t stopSignal = 0;

} // namespace

void catchInterrupts() {
  struct sigaction action{};
  action.sa_handler = [](int signal) { stopSignal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int caughtSignal() { return stopSignal; }

} // namespace nnc::run
