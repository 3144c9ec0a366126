"""How long the planned jobs will take, judged by earlier jobs of their kind: for the plan and for the time left."""

from collections import Counter, defaultdict, deque
from statistics import median

from pugmark.progress import records

MOST = 30
EARLY = 0.05  # least work done, as a share of the work left, for a forecast by the clock


class Forecast:
    """Durations of planned jobs.

    jobs: [(rule, wildcards, whether durations of this rule are recorded)]; past: records of earlier jobs. The duration
    of a kind of job is the median of its last 30. For a kind new to its collection it is that of the other collections,
    and for a new cell of a study that of the study's other cells.
    """

    def __init__(self, jobs, past):
        self.seconds = defaultdict(lambda: deque(maxlen=MOST))
        self.gpus, self.worked = {}, 0.0
        for record in past:
            self._learn(record)
        self.left, self.light = Counter(), Counter()
        for rule, wildcards, recorded in jobs:
            if recorded:
                self.left[records.kind(rule, wildcards)] += 1
            else:
                self.light[rule] += 1

    def finish(self, kind, record):
        """Count a job of `kind` as done; `record` holds its duration, None if that is not recorded."""
        if record:
            self._learn(record)
            self.worked += record.seconds
        if kind in self.left:
            self.left[kind] -= 1

    def share_left(self):
        """Seconds of work left per second of work done since the start, or None if too little is known."""
        todo = [(self.typical(kind), n) for kind, n in self.left.items() if n > 0]
        if any(seconds is None for seconds, _ in todo):
            return None
        left = sum(seconds * n for seconds, n in todo)
        return left / self.worked if self.worked > EARLY * left else None

    def typical(self, kind):
        """Median seconds of a job of `kind`, or None if none was ever recorded."""
        rule, _, method = kind
        known = [self.seconds.get(key) for key in (kind, (rule, None, method), (rule, None, records.study(method)))]
        return next((median(seconds) for seconds in known if seconds), None)

    def rows(self):
        """[(rule, jobs, unknown jobs, seconds, GPU-seconds, median seconds)]."""
        made = []
        for rule in dict.fromkeys(kind[0] for kind in self.left):
            kinds = [(kind, n) for kind, n in self.left.items() if kind[0] == rule]
            known = [(self.typical(kind), n, self._gpus(kind)) for kind, n in kinds]
            known = [(seconds, n, gpus) for seconds, n, gpus in known if seconds is not None]
            jobs, measured = sum(n for _, n in kinds), sum(n for _, n, _ in known)
            each = [seconds for seconds, n, _ in known for _ in range(n)]
            gpu = sum(seconds * n * gpus for seconds, n, gpus in known)
            made.append((rule, jobs, jobs - measured, sum(each), gpu, median(each) if each else None))
        return made

    def _gpus(self, kind):
        rule, _, method = kind
        return self.gpus.get((rule, method), self.gpus.get((rule, records.study(method)), 0))

    def _learn(self, record):
        rule, _, method = record.kind
        self.seconds[record.kind].append(record.seconds)
        for name in {method, records.study(method)}:
            self.seconds[rule, None, name].append(record.seconds)
            self.gpus[rule, name] = int(record.resources.get("gpu", 0))


def table(forecast, order):
    """The forecast as text, rules in `order`; one sentence if nothing is known, '' if no recorded job is planned."""
    rows = sorted(forecast.rows(), key=lambda row: order.index(row[0]))
    if not rows:
        return ""
    if not any(seconds for _, _, _, seconds, _, _ in rows):
        return "Expected time: not measured yet. The first workflow run records how long each job takes.\n"
    lines = [f"{'rule':<12}{'jobs':>7}{'minutes each':>15}{'hours':>12}{'GPU-hours':>12}"]
    for rule, jobs, unknown, seconds, gpu, each in rows:
        minutes = "not measured" if each is None else f"{each / 60:.1f}"
        lines.append(f"{rule:<12}{jobs:>7}{minutes:>15}{_hours(seconds, unknown):>12}{_hours(gpu, unknown):>12}")
    unknown, seconds, gpu = (sum(row[at] for row in rows) for at in (2, 3, 4))
    lines.append(
        f"{'total':<12}{sum(row[1] for row in rows):>7}{'':>15}{_hours(seconds, unknown):>12}{_hours(gpu, unknown):>12}"
    )
    return "\n".join([HEAD, *lines, *_remarks(forecast, unknown), ""])


HEAD = "Expected from what earlier jobs took (hours of work; parallel jobs finish sooner):"


def _remarks(forecast, unknown):
    if unknown:
        yield f"`>`: plus {unknown} jobs of a kind that was not measured yet."
    if forecast.light:
        jobs = ", ".join(f"{n} {rule}" for rule, n in forecast.light.items())
        yield f"Not counted, because their durations are not recorded: {jobs}."


def _hours(seconds, unknown):
    hours = seconds / 3600
    return f"{'> ' if unknown else ''}{hours:.{2 if hours < 1 else 1 if hours < 100 else 0}f}"
