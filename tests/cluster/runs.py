"""A run of the workflow in a folder of its own, here or through `snakemake --profile slurm`."""

import os
import re
import signal
import subprocess
import textwrap
from collections import namedtuple

import yaml
from places import ROOT

# Below results/, what tells times of day and durations.
TIMES = ("logs", "benchmarks", "report/resources.html")
# What a job asks for: CPUs, memory in MB, minutes, GPUs.
Request = namedtuple("Request", "threads mem_mb runtime gpu")
TINY = {
    "collections": {"drawn": {"synthetic": {"seed": 3, "batches": 1, "individuals": 3, "sequences": 3, "empty": 1}}},
    "detect": {"name": "motion"},
    "methods": {"pixels": {}},
    "evaluate": {"resamples": 20},
}
# A network, so that training and features ask for a GPU.
NETWORK = {
    "method": "resnet50",
    "backbone": "timm/resnet10t",
    "weights": None,
    "batch": 8,
    "epochs": 2,
    "height": 64,
    "width": 64,
    "dropout": 0.0,
}


def documented(document, first):
    """The lines of the commands in a document of which the first starts with the word `first`."""
    block = re.search(rf"^ +{first} .*\n(?: +.*\n)*", (ROOT / document).read_text(), re.M)
    return textwrap.dedent(block[0]).splitlines()


class Project:
    """A folder with config.yaml, and a home in which the README's one step makes the profile's name known."""

    def __init__(self, folder, config):
        self.folder, self.results = folder, folder / "results"
        folder.mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(config if isinstance(config, str) else yaml.safe_dump(config))
        home = folder.parent / "home"
        self.environment = {**os.environ, "HOME": str(home), "OMP_NUM_THREADS": "1"}
        self.environment.pop("XDG_CONFIG_HOME", None)
        if not (home / ".config/snakemake/slurm").exists():
            link = documented("profiles/README.md", "mkdir")
            subprocess.run("\n".join(link), shell=True, check=True, cwd=ROOT, env=self.environment)

    def command(self, *options):
        return [ROOT / ".venv/bin/snakemake", "--directory", self.folder, *options]

    def here(self, *options):
        """Run on this machine; what it says."""
        return self._finish(self.command("--cores", "2", *options))

    def submit(self, *options, profiles=("slurm",)):
        """Run on the cluster; what it says."""
        return self._finish(self._submission(options, profiles))

    def start(self, *options, profiles=("slurm",)):
        """Start a run on the cluster; its process, whose words go to said.log."""
        with open(self.folder / "said.log", "w") as log:
            command = self._submission(options, profiles)
            around = {"stdout": log, "stderr": log, "cwd": ROOT, "env": self.environment}
            # A shell without job control has its background jobs ignore Ctrl-C, and so would all that they start.
            return subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **around)

    def _submission(self, options, profiles):
        # More jobs at once than this machine can carry, and seldom looked after, would take longer.
        words = [word for name in profiles for word in ("--profile", name)]
        # With what Snakemake and its plugin say of each job, of which the default profile keeps them quiet.
        words += ["--quiet", "host", "--jobs", "6", "--slurm-init-seconds-before-status-checks", "3"]
        return self.command(*words, *options)

    def _finish(self, command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=self.environment, timeout=1200)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def requests(self):
        """{job: Request} that the rules state, as a dry run prints them; jobs are named as SLURM's comments."""
        found = {}
        for block in re.split(r"\n(?=(?:local)?rule )", self.here("-n", "--forceall", "--quiet", "host")):
            if head := re.match(r"rule (?!all:)(\w+):", block):
                values = dict(re.findall(r"(\w+)=([^,\s]+)", re.search(r"resources: (.*)", block)[1]))
                wildcards = re.findall(r"\w+=([^,\s]+)", (re.search(r"wildcards: (.*)", block) or [""])[0])
                name = "_".join(["rule", head[1], *(["wildcards", *wildcards] if wildcards else [])])
                threads = re.search(r"threads: (\d+)", block)
                stated = [values[key] for key in ("mem_mb", "runtime")] + [values.get("gpu", 0)]
                found[name] = Request(int(threads[1]) if threads else 1, *map(int, stated))
        return found

    def files(self):
        """{path: bytes} of all results that hold no times."""
        paths = {path.relative_to(self.results): path for path in self.results.rglob("*") if path.is_file()}
        kept = {name: path for name, path in paths.items() if not any(map(name.is_relative_to, TIMES))}
        return {str(name): path.read_bytes() for name, path in kept.items()}


def granted(job):
    """The Request that a job of SLURM's records was given."""
    hours, minutes, _ = (int(part) for part in job["TimeLimit"].rpartition("-")[2].split(":"))
    days = int(job["TimeLimit"].rpartition("-")[0] or 0)
    gpus = re.fullmatch(r"gpu:\w+:(\d+)", job["JOB_GRES"])
    memory = re.search(r"mem=(\d+)([MG])", job["TRES"])
    megabytes = int(memory[1]) * (1024 if memory[2] == "G" else 1)
    return Request(int(job["NumCPUs"]), megabytes, (days * 24 + hours) * 60 + minutes, int(gpus[1]) if gpus else 0)
