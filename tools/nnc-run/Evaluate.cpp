// nnc-run evaluate: loss and metrics on standard output, one `name value` a line.
#include "AssertPlan.h"
#include "Compile.h"
#include "Data.h"
#include "Files.h"
#include "Options.h"
#include "core/Error.h"
#include <cstdio>

namespace nnc::run {

int evaluate(const Options &options) {
  Checkpoint checkpoint = readCheckpoint(options.checkpoint);
  int64_t batch = options.batch.value_or(checkpoint.state.batch ? checkpoint.state.batch : 32);
  auto program = openProgram(compiledProgram(options, "init,evaluate", batch));
  const nnc_entry &entry = requireEntry(*program, NNC_EVALUATE, options.symbol, "--step");
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);
  loadVariables(checkpoint, session, LoadKind::parameters);

  const nnc_entry *entries[] = {&entry};
  Source source(chooseSplit(options), dataInputs(entries));
  Dataset data = source.encode(checkpoint.encoding);
  if (options.assertPlan)
    assertPlan(options, program, checkpoint, entry, data);
  Averages means = nnc::evaluate(session, entry, allRows(data));
  std::printf("rows %ld\n", means.samples());
  for (size_t i = 0; i < means.size(); ++i)
    std::printf("%s %.6f\n", means.name(i).c_str(), means.mean(i));
  return finishOutput();
}

} // namespace nnc::run
