"""Run stages in forks of one process that has imported everything, so that a benchmark can start thousands of jobs.

A stage takes seconds to import its libraries and milliseconds to work on a small batch. Where the environment variable
BASH_ENV names the file that `serving` yields, every `python -m pugmark.STAGE ...` in a rule's shell command becomes a
request to this server: rules, graph and stages are the real ones, only the imports are saved. Of each job one line is
recorded: stage, processor seconds, and memory in MB at the start (what it shares with the server) and at the peak.
"""

import contextlib
import gc
import importlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path

CLIENT = Path(__file__).with_name("fork_client.py")
WORKFLOW = Path(__file__).parents[1] / "workflow"


@contextlib.contextmanager
def serving(folder, modules):
    """Serve these modules of the package to jobs whose working directory is `folder`. Yields the file for BASH_ENV and
    the file of the records."""
    client = shlex.join([sys.executable, "-I", "-S", str(CLIENT), f"{folder}/socket"])
    (folder / "bash_env").write_text(f'python() {{ shift; {client} "$@"; }}\n')
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/socket")
        server.listen(64)
        # A process of its own, which has loaded nothing but `modules`.
        command = [sys.executable, __file__, str(server.fileno()), *modules]
        process = subprocess.Popen(command, cwd=folder, pass_fds=[server.fileno()])
        try:
            yield folder / "bash_env", folder / "jobs.jsonl"
        finally:
            process.terminate()
            process.wait()
            os.unlink(f"{folder}/socket")


def _serve(server, modules):
    for module in modules:
        importlib.import_module(f"pugmark.{module}")
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while True:
        request, _ = server.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(request, Path("jobs.jsonl"))
            os._exit(0)
        request.close()


def _answer(request, records):
    """Run the stage in a child, record what it used, send its exit status."""
    size, outputs, _, _ = socket.recv_fds(request, 8, 2)
    words = request.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL).decode().split("\0")
    memory, mine = os.pipe()
    child = os.fork()
    if not child:
        os._exit(_work(words, outputs, mine))
    os.close(mine)
    start, peak = os.read(memory, 100).split() or (0, 0)
    _, status, usage = os.wait4(child, 0)
    row = {"stage": words[0], "cpu": usage.ru_utime + usage.ru_stime, "start": int(start) / 1024}
    with open(records, "a") as file:
        file.write(json.dumps({**row, "peak": int(peak) / 1024, "status": status}) + "\n")
    request.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _work(words, outputs, memory):
    for target, source in enumerate(outputs, 1):
        os.dup2(source, target)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is the server's
    start, status = _memory("VmRSS"), 0
    try:
        importlib.import_module(words[0]).main(words[1:])
    except SystemExit as error:
        print(error, file=sys.stderr)
        status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush(), sys.stderr.flush()
    os.write(memory, b"%d %d" % (start, _memory("VmHWM")))
    return status


def _memory(field):
    """Kilobytes, from Linux's account of this process."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))


if __name__ == "__main__":
    sys.path.insert(0, str(WORKFLOW))
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
