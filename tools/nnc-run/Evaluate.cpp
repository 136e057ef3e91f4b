// nnc-run evaluate: loss and metrics on standard output, one `name value` a line, and how well each class is told.
#include "AssertPlan.h"
#include "Compile.h"
#include "Data.h"
#include "Files.h"
#include "Options.h"
#include "Report.h"
#include "core/Error.h"
#include "train/Classifier.h"
#include <cstdio>
#include <iostream>

namespace nnc::run {

int evaluate(const Options &options) {
  Checkpoint checkpoint = readCheckpoint(options.checkpoint);
  int64_t batch = options.batch.value_or(checkpoint.state.batch ? checkpoint.state.batch : kDefaultBatch);
  bool reports = !options.report.empty();
  auto program = openCompiled(options, reports ? "init,evaluate,predict" : "init,evaluate", batch);
  const nnc_entry &entry = requireEntry(*program, NNC_EVALUATE, options.symbol, "--step");
  std::optional<Classifier> classifier;
  if (reports)
    classifier.emplace(*program, entry, options.classifier, options.label);
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);
  if (const std::string &note = session.libraryNote(); !note.empty())
    std::cerr << "nnc-run: " << note << "\n";
  loadVariables(checkpoint, session, LoadKind::parameters);

  const nnc_entry *entries[] = {&entry};
  std::vector<nnc_input> inputs = dataInputs(entries);
  Source source(chooseSplit(options), inputs, &checkpoint.encoding);
  Dataset data = source.encode(checkpoint.encoding);
  Rows rows = chooseRows(options, source, inputs, data, checkpoint);
  if (options.assertPlan)
    assertPlan(options, program, checkpoint, entry, data);
  Averages means = nnc::evaluate(session, entry, rows);
  std::string text = concat("rows ", means.samples(), "\n");
  for (size_t i = 0; i < means.size(); ++i) {
    char value[64];
    std::snprintf(value, sizeof(value), "%.6f", means.mean(i));
    text += concat(means.name(i), " ", value, "\n");
  }
  if (reports) {
    ConfusionMatrix matrix = classifier->count(session, rows);
    std::vector<std::string> names = classNames(checkpoint.encoding, classifier->label(), classifier->classes());
    text = options.report == "json"  ? reportJson(matrix, names, means)
           : options.report == "csv" ? reportCsv(matrix, names)
                                     : text + "\n" + reportText(matrix, names);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return finishOutput();
}

} // namespace nnc::run
