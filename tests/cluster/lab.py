"""A SLURM cluster of three virtual nodes on this machine, and ways to break it. Runs inside `tests/cluster/run`.

Nodes g1 and g2 have two faked GPUs each, c1 none. Their daemons are real: they schedule, enforce memory and time, and
requeue as on a large cluster.
"""

import os
import re
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

ETC = Path("/etc/slurm")
NODES = ("g1", "g2", "c1")
SLURM = """
ClusterName=lab
SlurmctldHost=localhost(127.0.0.1)
AuthType=auth/munge
# How long a requeued job waits before it starts again.
AuthInfo=cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
# Memory and time are enforced within seconds.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
KillWait=5
SlurmctldTimeout=30
SlurmdTimeout=10
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
MinJobAge={memory}
GresTypes=gpu
NodeName=DEFAULT CPUs=8 RealMemory=64000
NodeName=g1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17001 Gres=gpu:h100:2
NodeName=g2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17002 Gres=gpu:h100:2
NodeName=c1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17003
PartitionName=DEFAULT DefMemPerCPU=500 MaxTime=INFINITE State=UP
PartitionName=any Nodes=g[1-2],c1 Default=YES PriorityTier=1
PartitionName=cpu Nodes=c1 PriorityTier=1
PartitionName=gpu Nodes=g[1-2] PriorityTier=1
PartitionName=urgent Nodes=g[1-2],c1 PriorityTier=10
"""
ACCOUNTING = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStorageTRES=gres/gpu
"""
# A device that exists, so that jobs find CUDA_VISIBLE_DEVICES set as on a real node.
GRES = "NodeName=g[1-2] Name=gpu Type=h100 File={folder}/nvidia[0-1]\n"
CGROUP = "CgroupPlugin=cgroup/v1\n"
SLURMDBD = """
AuthType=auth/munge
DbdHost=localhost
SlurmUser=root
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StorageUser=root
"""


def said(*command, check=True):
    """What a command prints, given up after 30 s: many of SLURM's wait for ever for what cannot be."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert not check or done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def until(true, what, seconds=30):
    """Wait for `true()`, looking four times a second."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{seconds} s have passed without {what}"
        time.sleep(0.25)


class Lab:
    """The cluster, as a context. `daemons` holds the running ones by name, `folder` their files and logs.

    memory: for how many seconds the controller remembers an ended job (MinJobAge).
    """

    def __init__(self, folder, accounting, memory=3600):
        if [name for _, name in socket.if_nameindex()] != ["lo"]:
            pytest.fail("A cluster for tests needs mounts and a network of its own: run `make cluster-test`.")
        self.folder, self.accounting, self.memory, self.daemons = folder, accounting, memory, {}

    def __enter__(self):
        try:
            self._configure()
            self._start_munge()
            if self.accounting:
                self._start_database()
                self.start_accounting()
                said("sacctmgr", "-i", "add", "cluster", "lab")
                said("sacctmgr", "-i", "add", "account", "zoology")
                said("sacctmgr", "-i", "add", "user", "root", "account=zoology")
            self.start_controller()
            for node in NODES:
                self.start_node(node)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error):
        said("scancel", "--user=root", check=False)
        for name in reversed(list(self.daemons)):
            self.kill(name, signal.SIGTERM)

    def _configure(self):
        # SLURM opens sockets in its folders, whose paths may have 107 characters.
        for name in ("ctld", "database", *NODES):
            (self.folder / name).mkdir()
        for number in (0, 1):
            os.mknod(self.folder / f"nvidia{number}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        files = {"slurm.conf": SLURM, "gres.conf": GRES, "cgroup.conf": CGROUP, "slurmdbd.conf": SLURMDBD}
        if self.accounting:
            files["slurm.conf"] += ACCOUNTING
        for name, text in files.items():
            (ETC / name).write_text(text.format(folder=self.folder, memory=self.memory))
            (ETC / name).chmod(0o600)

    # Daemons

    def start(self, name, *command):
        """Start a daemon in the foreground, its words in NAME.log."""
        with open(self.folder / f"{name}.log", "a") as log:
            self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _ready(self, name, true):
        """Wait until the daemon does what it should; fail with its last words where it does not."""
        try:
            until(lambda: true() or self.daemons[name].poll() is not None, name)
            assert self.daemons[name].poll() is None, "it ended"
        except AssertionError as error:
            words = (self.folder / f"{name}.log").read_text().splitlines()[-10:]
            raise AssertionError("\n".join([f"{name}: {error}", *words])) from error

    def kill(self, name, how=signal.SIGKILL):
        """End a daemon and wait until it has."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(how)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()

    def _start_munge(self):
        (self.folder / "key").write_bytes(os.urandom(128))
        (self.folder / "key").chmod(0o600)
        files = [f"--{what}-file={self.folder / what}" for what in ("key", "log", "seed")]
        self.start("munge", "munged", "--foreground", *files)
        self._ready("munge", Path("/run/munge/munge.socket.2").exists)

    def _start_database(self):
        place = self.folder / "database"
        common = ["--no-defaults", f"--datadir={place}", "--user=root"]
        subprocess.run(
            ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.start("mariadb", "mariadbd", *common, f"--socket={place}/socket", "--bind-address=127.0.0.1")
        self._ready("mariadb", (place / "socket").exists)

    def start_accounting(self):
        self.start("slurmdbd", "slurmdbd", "-D")
        self._ready("slurmdbd", lambda: said("sacctmgr", "-n", "list", "qos", check=False))

    def start_controller(self):
        self.start("slurmctld", "slurmctld", "-D")
        self._ready("slurmctld", lambda: "is UP" in said("scontrol", "ping", check=False))

    def start_node(self, node):
        self.start(node, "slurmd", "-D", "-N", node)
        self._ready(node, lambda: said("sinfo", "-h", "-n", node, "-o", "%T").split("\n")[0] in ("idle", "mixed"))

    # Faults

    def kill_node(self, node):
        """The node loses power: its daemon and every process of its jobs are gone at once."""
        self.kill(node)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if f"SLURMD_NODENAME={node}\0".encode() in words or words.startswith(b"slurmstepd: "):
                os.kill(int(process.name), signal.SIGKILL)

    def jobs(self):
        """Every job since the cluster began, as SLURM's own records tell it: a list of dicts."""
        lines = said("scontrol", "--details", "--oneliner", "show", "jobs").splitlines()
        return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if line.startswith("JobId=")]
