// --assert-plan: the entry points of a command are rehearsed before its work starts.
#include "AssertPlan.h"
#include "Data.h"
#include "core/Parallel.h"
#include "core/Rehearsal.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nnc::run {
namespace {

/// What a child process has to say: its text, and how it ended.
struct Answer {
  std::string text;
  int status = 0;
};

/// Runs `action` in a child process, whose answer is the text that it returns, with exit status 0, or that of its
/// error, with 1.
Answer answerOfChild(const std::function<std::string()> &action) {
  int ends[2];
  if (pipe(ends) != 0)
    fail("--assert-plan: cannot make a pipe: ", std::strerror(errno));
  pid_t child = fork();
  if (child < 0)
    fail("--assert-plan: cannot start a process: ", std::strerror(errno));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string text;
    int status = 0;
    try {
      text = action();
    } catch (const std::bad_alloc &) {
      text = "out of memory";
      status = 1;
    } catch (const std::exception &error) {
      text = error.what();
      status = 1;
    }
    for (size_t written = 0; written < text.size();) {
      ssize_t more = write(ends[1], text.data() + written, text.size() - written);
      if (more < 0 && errno != EINTR)
        _exit(2);
      written += std::max<ssize_t>(more, 0);
    }
    _exit(status);
  }
  close(ends[1]);
  Answer answer;
  char part[4096];
  ssize_t length;
  while ((length = read(ends[0], part, sizeof(part))) > 0 || (length < 0 && errno == EINTR))
    answer.text.append(part, std::max<ssize_t>(length, 0));
  close(ends[0]);
  while (waitpid(child, &answer.status, 0) < 0 && errno == EINTR)
    continue;
  return answer;
}

std::string rehearseAll(const Intention &intention) {
  int workers = intention.threads ? intention.threads : availableThreads();
  SessionOptions options;
  options.threads = 1; // Threads are not for a process that was forked.
  Session prepared(intention.program, options);
  prepared.setSeed(intention.seed);
  prepared.setLearningRate(intention.learningRate);
  bool isPrepared = false;
  std::string text;
  for (const auto &[entry, rows] : intention.uses) {
    bool isInit = entry->kind == NNC_INIT;
    if (!isInit && !isPrepared) {
      intention.setVariables(prepared);
      isPrepared = true;
    }
    TouchedBytes touched = rehearse(prepared, *entry, workers, [&](Session &session) {
      if (isInit)
        return session.writeControls(*entry, 0);
      std::span<const int64_t> indices(rows.indices);
      writeBatch(session, *entry, *rows.data, indices.first(std::min<size_t>(indices.size(), entry->batch)));
    });
    text += concat(text.empty() ? "" : "; ", entry->name, " ", touched.arena, " bytes");
    if (touched.scratch)
      text += concat(", ", touched.scratch, " of a worker's scratch");
  }
  return text;
}

} // namespace

std::string assertPlan(const Intention &intention) {
  try {
    checkRehearsable(*intention.program);
  } catch (const Error &error) {
    fail("--assert-plan: ", error.what());
  }
  Answer answer = answerOfChild([&] { return rehearseAll(intention); });
  if (WIFSIGNALED(answer.status))
    fail("--assert-plan: the rehearsal was ended by a signal: ", strsignal(WTERMSIG(answer.status)));
  if (WEXITSTATUS(answer.status) != 0)
    fail("--assert-plan: ", answer.text);
  return "the bytes touched are those planned: " + answer.text;
}

void assertPlan(const Options &options, const std::shared_ptr<const nnc_program> &program, const Checkpoint &checkpoint,
                const nnc_entry &entry, const Dataset &data) {
  Intention intention;
  intention.program = program;
  intention.threads = options.threads;
  intention.setVariables = [&](Session &session) { loadVariables(checkpoint, session, LoadKind::parameters); };
  intention.uses = {{&entry, allRows(data)}};
  std::cerr << "nnc-run: " << assertPlan(intention) << "\n";
}

} // namespace nnc::run
