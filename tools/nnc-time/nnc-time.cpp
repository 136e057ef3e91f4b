// nnc-time: how long the entry points of a compiled program take. nnc-opt --tune asks it, so that what a program does
// happens in a process of its own.
//
// Rounds go through all entries, every other one backwards, so that what changes on the machine meanwhile meets all
// alike. Standard output has a line for each entry: its fastest call and the median of the rounds, in seconds. The
// first entry, which the others are compared with, has its turn in all rounds.
#include "core/Error.h"
#include "core/Session.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace {

struct Options {
  std::string program;
  int threads = 0, rounds = 7;
  double seconds = 5e-4, budget = 20;
};

/// Bytes that are a small number of every type: no product of them is denormal or infinite.
constexpr unsigned char kNumber[] = {0x80, 0x3c};

/// What takes so many times as long as the fastest entry in the first round has no other.
constexpr double kHopeless = 1.3;

class Timer {
public:
  explicit Timer(const Options &options)
      : options(options), session(nnc::openProgram(options.program), {options.threads, {}}) {}

  void run() {
    auto begin = std::chrono::steady_clock::now();
    // Threads wake and clocks rise in a turn that does not count.
    calibrate(*nnc::entriesOf(session.program()).begin());
    for (const nnc_entry &entry : nnc::entriesOf(session.program()))
      turns.push_back(calibrate(entry));
    double least = std::min_element(turns.begin(), turns.end(), isFaster)->times.front();
    for (int round = 1; round < options.rounds && secondsSince(begin) < options.budget; ++round)
      for (size_t i = 0; i < turns.size(); ++i) {
        Turns &turn = turns[round % 2 ? turns.size() - 1 - i : i];
        if (&turn == &turns.front() || turn.times.front() <= kHopeless * least)
          turn.times.push_back(timeCalls(turn));
      }
    for (Turns &turn : turns) {
      std::sort(turn.times.begin(), turn.times.end());
      std::printf("%.9g %.9g\n", turn.times.front(), turn.times[turn.times.size() / 2]);
    }
  }

private:
  /// What was measured of an entry: seconds of a call, in a round of `calls`.
  struct Turns {
    const nnc_entry *entry;
    int64_t calls;
    std::vector<double> times;
  };
  static double secondsSince(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  static bool isFaster(const Turns &a, const Turns &b) { return a.times.front() < b.times.front(); }

  static void fill(std::byte *bytes, int64_t count) {
    for (int64_t i = 0; i + 1 < count; i += 2)
      std::memcpy(bytes + i, kNumber, 2);
  }

  /// Buffers hold what an earlier entry left there, and caches too.
  void prepare(const nnc_entry &entry) {
    // A GPU's come from the host.
    for (const nnc_variable &variable : nnc::variablesOf(session.program()))
      session.write(variable);
    const nnc::Arena &arena = session.memory();
    fill(arena.data(), arena.size());
    // Inputs for a GPU lie elsewhere; whole numbers are indices.
    for (const nnc_input &input : nnc::inputsOf(entry)) {
      auto *target = static_cast<std::byte *>(session.inputAt(entry, input.tensor));
      if (input.tensor.dtype == NNC_I32 || input.tensor.dtype == NNC_I64)
        std::memset(target, 0, nnc::byteCount(input.tensor));
      else
        fill(target, nnc::byteCount(input.tensor));
    }
    session.writeControls(entry, entry.batch);
    session.run(entry);
  }

  double timeCalls(const Turns &turn) {
    prepare(*turn.entry);
    auto begin = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < turn.calls; ++i)
      session.run(*turn.entry);
    return secondsSince(begin) / turn.calls;
  }

  /// The first round, of as many calls as take the time of one.
  Turns calibrate(const nnc_entry &entry) {
    for (Turns turn{&entry, 1, {}};; turn.calls *= 2) {
      double time = timeCalls(turn);
      if (time * turn.calls < options.seconds && turn.calls < int64_t(1) << 20)
        continue;
      turn.times.push_back(time);
      return turn;
    }
  }

  const Options &options;
  nnc::Session session;
  std::vector<Turns> turns;
};

} // namespace

int main(int argc, char **argv) {
  CLI::App app("nnc-time: how long the entry points of a compiled program take");
  Options options;
  app.add_option("PROGRAM", options.program, "a compiled program (.so)")->required();
  app.add_option("--threads", options.threads, "threads to compute on; default: one a processor");
  app.add_option("--rounds", options.rounds, "times that each entry has its turn")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "what a turn takes, at least")->check(CLI::PositiveNumber);
  app.add_option("--budget", options.budget, "seconds after which no further round begins")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    Timer(options).run();
    return std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const std::exception &error) {
    std::cerr << "nnc-time: error: " << error.what() << "\n";
    return 1;
  }
}
