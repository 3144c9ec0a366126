"""Kill the local run at moments spread over its length, resume it, and compare its results with an undisturbed run's.

Moments are counted in processor seconds, which a busy machine does not stretch as it does the clock's. Each kill has a
folder of its own, starts from nothing, and takes every process of the run at once (SIGKILL). The run is resumed as
docs/trouble.md tells: `snakemake --unlock`, then the same command. Below `results/`, the same files must lie, byte for
byte, but for what LEFT_OUT names. With `--power-cut` each run has a file system of its own, which loses at the kill
whatever was not synced (root).
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
sys.path.insert(0, str(ROOT / "tests"))

from faults import power  # noqa: E402

# Below results/, what tells times of day and durations, and so may differ.
LEFT_OUT = ("logs", "benchmarks", "report/resources.html")


def command(folder, config, *more):
    """The words that run the workflow in `folder`."""
    words = [ROOT / ".venv/bin/snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--configfile", config]
    return [*map(str, words), "--cores", "2", *more]


def environment():
    """Compiled modules are kept, whatever the shell says; threads that wait for one another burn a busy machine."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": "1"}


def run(folder, config, *more):
    """Run to the end. Returns the processor seconds it took; raises RuntimeError with the end of what was said."""
    before = os.times()
    done = subprocess.run(command(folder, config, *more), capture_output=True, text=True, env=environment())
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-3000:])
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def start(folder, config, *more):
    """A run in a session of its own, still going on; what it says is not kept."""
    quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    return subprocess.Popen(command(folder, config, *more), start_new_session=True, env=environment(), **quiet)


def kill(main):
    """Kill a started run with all that it started. Returns the names of the stages that ran."""
    stages = set()
    while members := session(main.pid):
        stages |= set(map(stage, members.values())) - {None}
        for pid in sorted(members):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        main.poll()
    return sorted(stages)


def stage(line):
    """The stage that a process computes, by its command line; None for other processes."""
    found = re.match(r"\S*python\0-m\0pugmark\.stages\.(\w+)", line)
    return found and found[1]


def session(leader):
    """{process id: command line} of the living processes of a session."""
    members = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, belongs = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(belongs) == leader and state != "Z":
                members[int(entry.name)] = (entry / "cmdline").read_text()
    return members


def used(leader):
    """Processor seconds of the living processes of a session and of all children that they have outlived."""
    ticks = 0
    for pid in session(leader):
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def results(folder):
    """{path: checksum} of every file below results/ that must be equal."""
    top = Path(folder) / "results"
    files = [path.relative_to(top) for path in top.rglob("*") if path.is_file()]
    compared = [path for path in files if not any(map(path.is_relative_to, LEFT_OUT))]
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


def killed_at(moment, current, config):
    """Start a run in the folder of `current` (power.Mains) and kill it after `moment` processor seconds, its power cut
    just before. Returns the names of the stages that ran, None if it was over."""
    main = start(current.folder, config)
    while main.poll() is None:
        if used(main.pid) >= moment:
            current.off()
            stages = kill(main)
            current.on()
            return stages
        time.sleep(0.02)
    if main.returncode:
        raise RuntimeError(f"The run failed before it was killed: see {current.folder}/.snakemake/log.")
    return None


def disturbed(moment, place, config, wanted, supply):
    """Kill a run in `place` after `moment` processor seconds and resume it: the moment, what ran, and a verdict."""
    while True:
        with supply(place) as current:
            if (stages := killed_at(moment, current, config)) is not None:
                return moment, stages, verdict(place, config, wanted)
        # It was over: no two runs take the same.
        shutil.rmtree(place)
        moment *= 0.95


def sweep(config, kills, folder, tell, supply=power.mains):
    """Kill and resume `kills` runs below `folder`; returns how many ended equal. tell: takes a line of text. supply:
    the power of a run's folder, a context of `power`."""
    length = run(folder / "undisturbed", config)
    wanted, equal = results(folder / "undisturbed"), 0
    tell(f"undisturbed: {length:.0f} s of processor time, {len(wanted)} files compared")
    for number in range(1, kills + 1):
        place, moment = folder / f"kill_{number:02d}", (number - 0.5) / kills * length
        moment, stages, said = disturbed(moment, place, config, wanted, supply)
        tell(f"{number:3d}  {moment:6.1f} of {length:.0f} s  {', '.join(stages) or 'no stage':20s}  {said}")
        if said == "equal":
            equal += 1
            shutil.rmtree(place)
    tell(f"{equal} of {kills} equal")
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--config", type=Path, default=ROOT / "config.yaml", help="what to run: the embedded demo")
    parser.add_argument("--power-cut", action="store_true", help="lose what was not synced (root)")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill_sweep."))
    supply = power.breaker if args.power_cut else power.mains
    equal = sweep(args.config.resolve(), args.kills, folder, lambda line: print(line, flush=True), supply)
    if equal < args.kills:
        sys.exit(f"What differs lies in {folder}.")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
