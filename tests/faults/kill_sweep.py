"""Kill the local run at moments spread over its length, resume it, and compare its results with an undisturbed run's.

Each kill has a folder of its own, starts from nothing, and takes every process of the run at once (SIGKILL). The run is
resumed as README.md tells: `snakemake --unlock`, then the same command. Below `results/`, the same files must lie, byte
for byte, but for what LEFT_OUT names.
"""

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Path below results/: why it may differ.
LEFT_OUT = {"logs": "tell times of day and durations"}


def command(folder, config, *more):
    """The words that run the workflow in `folder`."""
    words = [ROOT / ".venv/bin/snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--configfile", config]
    return [*map(str, words), "--cores", "2", *more]


def environment():
    """Compiled modules are kept, whatever the shell says: they save every job seconds."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(folder, config, *more):
    """Run to the end. Returns the seconds it took; raises RuntimeError with the end of what was said."""
    started = time.monotonic()
    done = subprocess.run(command(folder, config, *more), capture_output=True, text=True, env=environment())
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-3000:])
    return time.monotonic() - started


def kill(folder, config, seconds):
    """Start a run and kill all of it after `seconds`. Returns the names of the stages that ran, None if it was over.

    Raises RuntimeError where the run failed by itself.
    """
    quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    with subprocess.Popen(command(folder, config), start_new_session=True, env=environment(), **quiet) as main:
        with suppress(subprocess.TimeoutExpired):
            if main.wait(seconds):
                raise RuntimeError(f"The run failed before it was killed; see {folder}/.snakemake/log.")
            return None
        stages = set()
        while members := session(main.pid):
            stages |= {
                found[1] for line in members.values() if (found := re.search(r"python\0-m\0pugmark\.(\w+)", line))
            }
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            main.poll()
    return sorted(stages)


def session(leader):
    """{process id: command line} of the living processes of a session."""
    members = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, belongs = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(belongs) == leader and state != "Z":
                members[int(entry.name)] = (entry / "cmdline").read_text()
    return members


def results(folder):
    """{path: checksum} of every file below results/ that must be equal."""
    top = Path(folder) / "results"
    files = [path.relative_to(top) for path in top.rglob("*") if path.is_file()]
    compared = [path for path in files if path.parts[0] not in LEFT_OUT]
    return {str(path): hashlib.sha256((top / path).read_bytes()).hexdigest() for path in compared}


def differences(found, wanted):
    """Files that are missing, too many or of other content, one sentence; empty where all are equal."""
    kinds = {
        "missing": wanted.keys() - found.keys(),
        "too many": found.keys() - wanted.keys(),
        "different": {path for path in wanted.keys() & found.keys() if wanted[path] != found[path]},
    }
    return "; ".join(f"{kind}: {', '.join(sorted(paths))}" for kind, paths in kinds.items() if paths)


def verdict(folder, config, wanted):
    """Resume the run in `folder`: 'equal', or what went wrong."""
    try:
        run(folder, config, "--unlock")
        run(folder, config)
    except RuntimeError as error:
        return f"not resumed: {error}"
    return differences(results(folder), wanted) or "equal"


def sweep(config, kills, folder, tell):
    """Kill and resume `kills` runs below `folder`; returns how many ended equal. tell: takes a line of text."""
    length = run(folder / "undisturbed", config)
    wanted, equal = results(folder / "undisturbed"), 0
    tell(f"undisturbed: {length:.0f} s, {len(wanted)} files compared")
    for number in range(kills):
        place, stages = folder / f"kill_{number + 1:02d}", None
        while stages is None:
            # On a machine that others use too, a run may be over before its moment: then it is this one's length.
            shutil.rmtree(place, ignore_errors=True)
            started, moment = time.monotonic(), (number + 0.5) / kills * length
            stages = kill(place, config, moment)
            length = length if stages is not None else time.monotonic() - started
        said = verdict(place, config, wanted)
        tell(f"{number + 1:3d}  {moment:6.1f} of {length:.0f} s  {', '.join(stages) or 'no stage':20s}  {said}")
        if said == "equal":
            equal += 1
            shutil.rmtree(place)
    tell(f"{equal} of {kills} equal")
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--config", type=Path, default=ROOT / "config.yaml", help="what to run: the embedded demo")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill_sweep."))
    equal = sweep(args.config.resolve(), args.kills, folder, lambda line: print(line, flush=True))
    if equal < args.kills:
        sys.exit(f"What differs lies in {folder}.")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
