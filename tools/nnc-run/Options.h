// What the command line of nnc-run says.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nnc::run {

enum class ProgressMode { automatic, plain, json, none };

struct Options {
  std::string model;
  std::string data;
  std::string checkpoint;
  int threads = 0;
  std::optional<int64_t> batch;
  std::string symbol; // of the step or model, where the file has several
  bool assertPlan = false;

  // Compilation.
  std::string march = "native";
  std::string target = "cpu";
  bool tune = false;

  // Training.
  int64_t epochs = 10;
  std::optional<double> learningRate;
  std::optional<int64_t> seed;
  std::string validation; // a fraction or a path
  bool resume = false;
  int64_t checkpointEvery = 0;
  std::string history;
  ProgressMode progress = ProgressMode::automatic;
  bool profile = false;
  std::string trace; // only with profile
  bool dryRun = false;
  std::optional<int64_t> memory; // only with dryRun; bytes

  // Evaluation.
  std::string split;

  // Prediction.
  std::string text;
  int64_t top = 0;

  // What predict and encode write.
  std::string output;
};

/// Each command returns the process's exit code and throws nnc::Error.
int train(const Options &options);
int evaluate(const Options &options);
int predict(const Options &options);
int encode(const Options &options);
int describeDevice(const Options &options);

} // namespace nnc::run
