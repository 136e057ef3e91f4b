// nnc-run: trains, evaluates and predicts with model files from the command line.
#include "DryRun.h"
#include "Interrupts.h"
#include "Options.h"
#include "ProfileReport.h"
#include "Subprocess.h"
#include "core/Error.h"
#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <csignal>
#include <iostream>
#include <limits>

using namespace nnc::run;

namespace {

constexpr int kUsageError = 2;

/// A whole number within bounds.
class Whole : public CLI::Validator {
public:
  explicit Whole(int64_t low, int64_t high = std::numeric_limits<int64_t>::max())
      : Validator([=](std::string &text) { return check(text, low, high); }, "") {}

private:
  static std::string check(const std::string &text, int64_t low, int64_t high) {
    int64_t value = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc() && end == text.data() + text.size() && value >= low && value <= high)
      return "";
    if (low == std::numeric_limits<int64_t>::min())
      return "must be a whole number of 64 bits, not " + text;
    if (high == std::numeric_limits<int64_t>::max())
      return nnc::concat("must be a whole number, at least ", low, " and of 64 bits, not ", text);
    return nnc::concat("must be a whole number from ", low, " to ", high, ", not ", text);
  }
};

class PositiveNumber : public CLI::Validator {
public:
  PositiveNumber() : Validator(check, "") {}

private:
  static std::string check(std::string &text) {
    double value = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    // Steps compute with f32.
    auto narrow = static_cast<float>(value);
    bool good = status == std::errc() && end == text.data() + text.size() && std::isfinite(narrow) && narrow > 0;
    return good ? "" : "must be a number above 0 that f32 holds, not " + text;
  }
};

class NonNegativeNumber : public CLI::Validator {
public:
  NonNegativeNumber() : Validator(check, "") {}

private:
  static std::string check(std::string &text) {
    double value = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = status == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value >= 0;
    return good ? "" : "must be a number, at least 0, not " + text;
  }
};

/// A path; a script's unset variable would otherwise read as no option at all.
class Path : public CLI::Validator {
public:
  Path() : Validator([](std::string &text) { return text.empty() ? "must name a file" : std::string(); }, "") {}
};

constexpr const char *kDataHelp =
    "a directory with train, validation and test as .npz, .csv, .tsv, .txt or directories of INPUT.npy; or one such "
    "file or directory";

void addCommon(CLI::App &command, Options &options) {
  command.add_option("MODEL", options.model, "a model file (.mlir), or a program compiled from one (.so)")->required();
  command
      .add_option("--threads", options.threads,
                  "threads to compute on; default: one a processor. Never changes a result")
      ->check(Whole(1, 4096));
  command.add_option("--batch", options.batch, "samples a step; default 32")->check(Whole(1, int64_t(1) << 20));
  command.add_option("--march", options.march, "CPU to compile for: native, x86-64-v3, x86-64-v4, ...")
      ->capture_default_str();
  command
      .add_option("--target", options.target,
                  "target to compile for: cpu, reference (plain loops in f64), cuda (an NVIDIA GPU) or cuda-emulator "
                  "(the kernels of cuda, on the CPU)")
      ->capture_default_str();
  command.add_option(
      "--matmul-precision", options.matmulPrecision,
      "what a GPU rounds the factors of matrix products to: f32 (not at all; default), tf32 or bf16, which "
      "tensor cores multiply; sums stay f32");
  command.add_option("--cublaslt", options.cublaslt,
                     "which matrix products NVIDIA's cuBLASLt does on a GPU, where it is there: never (default), auto "
                     "(those that it is estimated to do faster) or always; changes the last bits of results");
  command.add_flag("--tune", options.tune,
                   "where this machine has not done so yet, measure how each matrix product is best computed on "
                   "--threads; takes a second or more a product. Never changes a result");
}

void addAssertPlan(CLI::App &command, Options &options) {
  command.add_flag(
      "--assert-plan", options.assertPlan,
      "first rehearse each entry point on its first batch, between guard pages and on painted memory, and go "
      "on only where it touches just the bytes that were planned for it (nnc-opt --nn-plan prints them)");
}

/// What a run of training takes, whatever it is for. Returns the option for its data.
CLI::Option *addTraining(CLI::App &command, Options &options) {
  CLI::Option *data = command.add_option("--data", options.data, kDataHelp)->check(Path());
  command.add_option("--learning-rate", options.learningRate, "in place of the model file's; not of a schedule")
      ->check(PositiveNumber());
  command.add_option("--seed", options.seed, "of initial parameters, order and dropout; default 0")
      ->check(Whole(std::numeric_limits<int64_t>::min()));
  command.add_option("--step", options.symbol, "step of the model file, where it has several");
  command.add_option_function<std::string>(
      "--progress",
      [&options](const std::string &text) {
        const std::map<std::string, ProgressMode> modes = {{"auto", ProgressMode::automatic},
                                                           {"plain", ProgressMode::plain},
                                                           {"json", ProgressMode::json},
                                                           {"none", ProgressMode::none}};
        auto found = modes.find(text);
        if (found == modes.end())
          throw CLI::ValidationError("--progress", "must be auto, plain, json or none, not " + text);
        options.progress = found->second;
      },
      "what standard error shows: auto (a bar on a terminal, else lines), plain, json or none");
  return data;
}

void addStratify(CLI::App &command, Options &options, const char *what) {
  command.add_flag("--stratify", options.stratify, what);
  command.add_option("--label", options.label, "the input that holds the true classes, where several could");
}

void addMonitor(CLI::App &command, Options &options) {
  command
      .add_option("--monitor", options.monitor,
                  "the number of each epoch that is followed: loss, a metric, val_ before these, or of a classifier "
                  "val_macro_f1, val_weighted_f1, ...; default: val_loss")
      ->check(Path());
  command
      .add_option(
          "--monitor-mode", options.monitorMode,
          "whether less or more of it is better: min or max; default: min for losses and errors, max for accuracies "
          "and scores")
      ->check(CLI::IsMember({"min", "max"}));
  command.add_option("--model", options.classifier, "the model whose predictions are scored, where several could be");
  CLI::Option *stopping = command.add_flag("--early-stopping", options.earlyStopping,
                                           "end training where what is followed does not improve any more");
  command
      .add_option("--patience", options.patience,
                  "so many epochs in a row may not improve; the last of them is the end")
      ->check(Whole(0))
      ->needs(stopping)
      ->capture_default_str();
  command.add_option("--min-delta", options.minDelta, "what improves by no more than this does not improve")
      ->check(NonNegativeNumber())
      ->needs(stopping)
      ->capture_default_str();
  command
      .add_flag("--restore-best", options.restoreBest,
                "end with the parameters of the last epoch that improved; --checkpoint holds them then")
      ->needs(stopping);
  command
      .add_option("--save-best", options.saveBest,
                  "file to save after each epoch that is the best so far of what is followed")
      ->check(Path());
}

void addTrain(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("train", "Train a model on data");
  addCommon(command, options);
  addAssertPlan(command, options);
  addTraining(command, options);
  command.add_option("--epochs", options.epochs, "passes over the training rows, those before a --resume included")
      ->check(Whole(1))
      ->capture_default_str();
  command
      .add_option("--validation", options.validation,
                  "a fraction of the training rows to keep for validation (the same rows for every seed), or a file")
      ->check(Path());
  command
      .add_option("--test", options.test,
                  "a fraction of the training rows to keep for testing (the same rows for every seed), or a file; its "
                  "loss and metrics are printed at the end")
      ->check(Path());
  command
      .add_option(
          "--class-weight", options.classWeight,
          "what the loss of a sample is multiplied by, by its class: balanced, NAME=2.5,OTHER=0.5 or a JSON file")
      ->check(Path());
  addStratify(command, options, "have --validation and --test take of each class its share");
  addMonitor(command, options);
  CLI::Option *checkpoint =
      command
          .add_option("--checkpoint", options.checkpoint,
                      "file to save after each epoch and when interrupted; an existing one is replaced after the first "
                      "epoch, and never by numbers that are not finite")
          ->check(Path());
  command
      .add_flag("--resume", options.resume,
                "go on from --checkpoint, in the middle of an epoch too, to the same bits as without the "
                "interruption. Seed, batch and learning rate are the checkpoint's; a different --seed or --batch is "
                "refused, a different --learning-rate is taken from here on")
      ->needs(checkpoint);
  command
      .add_option("--weights", options.weights,
                  "start from the parameters of this checkpoint, one of tools/convert-weights for example; its "
                  "vocabulary and class names, where it has them, hold for the data")
      ->check(Path());
  command
      .add_option("--embeddings", options.embeddings,
                  "LAYER=FILE: start rows of an embedding from a text file of vectors, a word and its numbers a line "
                  "(GloVe's, word2vec's); words that are not in it keep their initial values. May be given again")
      ->allow_extra_args(false);
  command.add_option("--checkpoint-every", options.checkpointEvery, "save also each N steps of an epoch")
      ->check(Whole(1))
      ->needs(checkpoint);
  command.add_option("--history", options.history, "CSV file for the numbers of each epoch")->check(Path());
  command.add_flag("--profile", options.profile,
                   "print at the end, also when interrupted, where the time of a step went: by layer and by kernel, "
                   "beside what this machine can do at most. Changes no bit of the result");
  command
      .add_option("--trace", options.trace,
                  nnc::concat("file for the first ", kTracedRuns,
                              " steps in time, for ui.perfetto.dev or chrome://tracing (JSON); an existing "
                              "trace is replaced. Means --profile too"))
      ->check(Path());
  CLI::Option *dryRun = command.add_flag(
      "--dry-run", options.dryRun,
      "print whether training fits into memory, and the largest --batch that does; train nothing, and read no data");
  dryRun->excludes(command.get_option("--tune"));
  command
      .add_option_function<std::string>(
          "--memory",
          [&options](const std::string &text) {
            options.memory = parseBytes(text);
            if (!options.memory)
              throw CLI::ValidationError("--memory", "must be bytes, as in 17179869184, or a number with kB, MB, GB, "
                                                     "TB, KiB, MiB, GiB or TiB, as in 16GB or "
                                                     "1.5GiB, from 1 byte to 4 EiB in all, not " +
                                                         text);
          },
          "what --dry-run takes for the memory there is: bytes, or a number with kB, MB, GB, TB, KiB, MiB, GiB or TiB; "
          "default: what this machine has available")
      ->needs(dryRun);
  command.callback([&options] {
    if (options.data.empty() && !options.dryRun)
      throw CLI::RequiredError("--data");
  });
}

void addCrossValidate(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand(
      "cross-validate", "Train several times, each time without another part of the rows, and measure on that part");
  addCommon(command, options);
  addTraining(command, options)->required();
  command.add_option("--folds", options.folds, "parts, and so trainings")->required()->check(Whole(2));
  command.add_option("--epochs", options.epochs, "passes over the training rows, each time")
      ->check(Whole(1))
      ->capture_default_str();
  addStratify(command, options, "have each part hold of each class its share");
}

void addEvaluate(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("evaluate", "Print loss and metrics of a trained model on data");
  addCommon(command, options);
  addAssertPlan(command, options);
  command.add_option("--data", options.data, kDataHelp)->required()->check(Path());
  command.add_option("--checkpoint", options.checkpoint, "file that training saved")->required()->check(Path());
  command
      .add_option("--split", options.split, "of a directory with splits, or of the parts of one file; default: test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--validation", options.validation, "the fraction of the rows that training kept for it")
      ->check(Path());
  command.add_option("--test", options.test, "the fraction of the rows that training kept for it")->check(Path());
  addStratify(command, options, "as in training");
  command.add_option("--step", options.symbol, "step of the model file, where it has several");
  command
      .add_flag("--report{text}", options.report,
                "also precision, recall, F1 and support of each class, and which classes were taken for which; "
                "--report=json and --report=csv for programs to read")
      ->check(CLI::IsMember({"text", "json", "csv"}));
  command.add_option("--model", options.classifier, "the model whose predictions are reported, where several could be");
}

void addPredict(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand("predict", "Predict for a typed text or a file");
  addCommon(command, options);
  addAssertPlan(command, options);
  command.add_option("TEXT", options.text, "a text; its classes are printed, the most probable first");
  command.add_option("--text", options.text, "the same, as an option");
  command.add_option("--data", options.data, "a file or directory to predict for; writes CSV")->check(Path());
  command.add_option("--checkpoint", options.checkpoint, "file that training saved")->required()->check(Path());
  command.add_option("--output", options.output, "CSV file to write; default: standard output")->check(Path());
  command.add_option("--split", options.split, "of a directory with splits; default: test")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--top", options.top, "print only so many classes of a text")->check(Whole(1));
  command.add_option("--model", options.symbol, "model of the file, where it has several");
}

void addEncode(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand(
      "encode", "Write data as the numbers that training would read: a directory of .npy files, for other tools");
  addCommon(command, options);
  command.add_option("--data", options.data, kDataHelp)->required()->check(Path());
  command.add_option("--checkpoint", options.checkpoint, "take vocabulary and classes from this file")->check(Path());
  command.add_option("--output", options.output, "directory to make")->required()->check(Path());
}

void addDescribeDevice(CLI::App &app, Options &options) {
  CLI::App &command = *app.add_subcommand(
      "describe-device",
      "Measure this machine and print it as JSON: nnc-opt --nn-report --device=FILE.json estimates times for it");
  command.add_option("--threads", options.threads, "threads to measure for; default: one a processor")
      ->check(Whole(1, 4096));
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app(
      "nnc-run: trains, evaluates and predicts with model files.\n"
      "Exit status: 0 done, 1 an error, 2 a command line that means nothing by itself, 130, 143 or 129 ended by "
      "Ctrl-C, SIGTERM or SIGHUP (training: saved first).");
  app.set_version_flag("--version", "nnc-run " NNC_VERSION);
  app.require_subcommand(1);
  Options options;
  addTrain(app, options);
  addCrossValidate(app, options);
  addEvaluate(app, options);
  addPredict(app, options);
  addEncode(app, options);
  addDescribeDevice(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &wanted) { // --help, --version
    int status = app.exit(wanted);
    return std::cout.flush() ? status : 1;
  } catch (const CLI::ParseError &error) {
    std::cerr << "nnc-run: error: " << error.what() << "\nnnc-run --help lists the commands, nnc-run COMMAND --help "
              << "their options\n";
    return kUsageError;
  }
  reportInterrupts();
  // A write that passes the limit on file sizes then fails as on a full disk: reported, its temporary file removed.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    options.profile |= !options.trace.empty();
    std::string command = app.get_subcommands().front()->get_name();
    return command == "train"            ? train(options)
           : command == "cross-validate" ? crossValidate(options)
           : command == "evaluate"       ? evaluate(options)
           : command == "predict"        ? predict(options)
           : command == "encode"         ? encode(options)
                                         : describeDevice(options);
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
