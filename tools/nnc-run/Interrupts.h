// Ctrl-C and SIGTERM while a command trains.
#pragma once

namespace nnc::run {

/// From now on Ctrl-C or SIGTERM asks training to stop after its step; a second one ends the process at once.
void catchInterrupts();

/// The signal that asked for it, or 0.
int caughtSignal();

} // namespace nnc::run
