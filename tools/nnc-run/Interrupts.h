// Ctrl-C, SIGTERM and SIGHUP, which comes when the terminal goes.
#pragma once

namespace nnc::run {

/// From now on each of them says so on standard error before it ends the process.
void reportInterrupts();

/// From now on each of them asks training to stop after its step; a second one ends the process at once.
void catchInterrupts();

/// The signal that asked for it, or 0.
int caughtSignal();

} // namespace nnc::run
