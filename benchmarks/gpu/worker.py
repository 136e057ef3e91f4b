"""Processes that do what check.py asks, one JSON value a line on their stdin and stdout. Whatever goes wrong in one, a kernel
that never ends included, costs an answer and not the run: it is ended, and started anew for the next request."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SHOWN_LINES = 4  # of what a worker that failed last said on stderr
GRACE_SECONDS = 5  # for a worker to leave by itself


class WorkerFailure(Exception):
    """A request that got no answer, or an error for one."""


class Worker:
    """A script of this folder. Its processes get `variables` into their environment; what they say on stderr goes to the file
    `log`. Of several threads that ask at once, each waits for its turn."""

    def __init__(self, name, script, log, variables=None):
        self.name, self._script, self._log = name, script, log
        self._variables = dict(os.environ, PYTHONUNBUFFERED="1", **(variables or {}))
        self._process, self._unread, self._lock = None, b"", threading.Lock()

    def ask(self, timeout, **request):
        """The answer, a dictionary. `timeout`: seconds until the process is ended."""
        with self._lock:
            if timeout <= 0:
                raise WorkerFailure("no time is left")
            self._start()
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
                line = self._read_line(time.monotonic() + timeout)
            except BrokenPipeError:
                line = b""
            if not line:
                overdue = line is None
                status = self._end(0 if overdue else GRACE_SECONDS)
                raise WorkerFailure((f"no answer within {timeout:.0f} s" if overdue else f"{self.name} {status}")
                                    + self._last_words())
            answer = json.loads(line)
            if "error" in answer:
                raise WorkerFailure(answer["error"])
            return answer

    def busy(self):
        return self._lock.locked()

    def close(self):
        """Ends the process, also in the middle of an answer, which then fails."""
        if self._lock.acquire(blocking=False):
            self._end(GRACE_SECONDS)
        elif process := self._process:
            _kill(process)
            self._lock.acquire()
        self._lock.release()

    def _start(self):
        if self._process and self._process.poll() is None:
            return
        self._unread = b""
        self._errors = tempfile.TemporaryFile()
        # A group of its own: what it starts, such as compilers, ends with it.
        self._process = subprocess.Popen([sys.executable, os.path.join(HERE, self._script)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._errors, env=self._variables,
                                         start_new_session=True)

    def _read_line(self, deadline):
        """Without its end; b"" where the process ended, None where time ran out."""
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                return b""
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        return line

    def _end(self, grace):
        """Ends the process, which has `grace` seconds to leave by itself; what became of it, in words."""
        process, self._process = self._process, None
        if not process:
            return "did not run"
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        _kill(process)
        status = process.wait()
        process.stdout.close()
        self._errors.seek(0)
        self._said = self._errors.read().decode(errors="replace")
        self._errors.close()
        if self._said.strip():
            with open(self._log, "a") as log:
                log.write(f"== {self.name}\n{self._said.rstrip()}\n")
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"left with {status}"

    def _last_words(self):
        lines = [line for line in self._said.splitlines() if line.strip()][-SHOWN_LINES:]
        return "".join(f"\n    {line[:200]}" for line in lines)


def _kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def serve(handlers):
    """The worker's side: {"do": NAME, ...} calls the handler of this name with the rest as its arguments."""
    # Answers have a file of their own: what libraries print goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request.pop("do")](**request)
        except Exception as error:  # Whatever it is, the others of the run go on.
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps(answer), file=answers, flush=True)
