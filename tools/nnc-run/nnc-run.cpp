// nnc-run: trains, evaluates and predicts with model files from the command line.
#include "Options.h"
#include "Subprocess.h"
#include "core/Error.h"
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

using namespace nnc::run;

namespace {

constexpr const char *kDataHelp =
    "a directory with train, validation and test as .npz, .csv, .tsv, .txt or directories of INPUT.npy; or one such "
    "file or directory";

void addCommon(CLI::App &command, Options &options) {
  command.add_option("MODEL", options.model, "a model file (.mlir), or a program compiled from one (.so)")->required();
  command
      .add_option("--threads", options.threads,
                  "threads to compute on; default: one a processor. Never changes a result")
      ->check(CLI::Range(1, 4096));
  command.add_option("--batch", options.batch, "samples a step; default 32")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 20));
  command.add_option("--march", options.march, "CPU to compile for: native, x86-64-v3, x86-64-v4, ...")
      ->capture_default_str();
  command.add_option("--target", options.target, "target to compile for: cpu or reference")->capture_default_str();
}

void addTrain(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("train", "Train a model on data");
  addCommon(command, options);
  command.add_option("--data", options.data, kDataHelp)->required();
  command.add_option("--epochs", options.epochs, "passes over the training rows, those before a --resume included")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 40))
      ->capture_default_str();
  command.add_option("--learning-rate", options.learningRate, "in place of the model file's")
      ->check(CLI::PositiveNumber);
  command.add_option("--seed", options.seed, "of initial parameters, order and dropout; default 0");
  command.add_option(
      "--validation", options.validation,
      "a fraction of the training rows to keep for validation (the same rows for every seed), or a file");
  command.add_option("--checkpoint", options.checkpoint,
                     "file to save after each epoch and when interrupted; an existing one is replaced after the first "
                     "epoch, and never by numbers that are not finite");
  command.add_flag("--resume", options.resume,
                   "go on from --checkpoint, in the middle of an epoch too, to the same bits as without the "
                   "interruption. Seed, batch and learning rate are the checkpoint's; a different --seed or --batch is "
                   "refused, a different --learning-rate is taken from here on");
  command.add_option("--checkpoint-every", options.checkpointEvery, "save also each N steps of an epoch")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 40));
  command.add_option("--history", options.history, "CSV file for the numbers of each epoch");
  command
      .add_option("--progress", options.progress, "what standard error shows: a bar on a terminal, else lines (auto)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ProgressMode>{{"auto", ProgressMode::automatic},
                                                                              {"plain", ProgressMode::plain},
                                                                              {"json", ProgressMode::json},
                                                                              {"none", ProgressMode::none}}));
  command.add_option("--step", options.symbol, "step of the model file, where it has several");
}

void addEvaluate(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("evaluate", "Print loss and metrics of a trained model on data");
  addCommon(command, options);
  command.add_option("--data", options.data, kDataHelp)->required();
  command.add_option("--checkpoint", options.checkpoint, "file that training saved")->required();
  command.add_option("--split", options.split, "of a directory with splits; default: test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--step", options.symbol, "step of the model file, where it has several");
}

void addPredict(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("predict", "Predict for a typed text or a file");
  addCommon(command, options);
  command.add_option("TEXT", options.text, "a text; its classes are printed, the most probable first");
  command.add_option("--text", options.text, "the same, as an option");
  command.add_option("--data", options.data, "a file or directory to predict for; writes CSV");
  command.add_option("--checkpoint", options.checkpoint, "file that training saved")->required();
  command.add_option("--output", options.output, "CSV file to write; default: standard output");
  command.add_option("--split", options.split, "of a directory with splits; default: test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--top", options.top, "print only so many classes of a text")->check(CLI::PositiveNumber);
  command.add_option("--model", options.symbol, "model of the file, where it has several");
}

void addEncode(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand(
      "encode", "Write data as the numbers that training would read: a directory of .npy files, for other tools");
  addCommon(command, options);
  command.add_option("--data", options.data, kDataHelp)->required();
  command.add_option("--checkpoint", options.checkpoint, "take vocabulary and classes from this file");
  command.add_option("--output", options.output, "directory to make")->required();
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("nnc-run: trains, evaluates and predicts with model files.\n"
               "Exit status: 0 done, 1 an error, 130 interrupted (training: saved first).");
  app.require_subcommand(1);
  Options options;
  addTrain(app, options);
  addEvaluate(app, options);
  addPredict(app, options);
  addEncode(app, options);
  CLI11_PARSE(app, argc, argv);
  // A write that passes the limit on file sizes then fails as on a full disk: reported, its temporary file removed.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    std::string command = app.get_subcommands().front()->get_name();
    return command == "train"      ? train(options)
           : command == "evaluate" ? evaluate(options)
           : command == "predict"  ? predict(options)
                                   : encode(options);
  } catch (const Interrupted &interrupted) {
    std::cerr << "nnc-run: interrupted\n";
    return 128 + interrupted.signal;
  } catch (const std::bad_alloc &) {
    std::cerr << "nnc-run: error: out of memory\n";
  } catch (const std::exception &error) {
    std::cerr << "nnc-run: error: " << error.what() << "\n";
  }
  return 1;
}
