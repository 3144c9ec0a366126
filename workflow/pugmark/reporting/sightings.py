"""Who was seen where and when: the groups of one clustering, and how they agree with names where there are any."""

from dataclasses import dataclass

import pandas as pd

from pugmark.reporting import leaderboard

ALGORITHMS = ("argmax", "tracks", "kmeans_per_frame", "kmeans", "dbscan", "agglomerative")
FAMILIES = ("label-free", "video", "supervised", "file", "tracker", "frozen", "control")
NOISE = -1


@dataclass(frozen=True)
class Group:
    """One cluster: its crops (rows of `assigned`), how many of them are named, and the commonest name with its share
    of those."""

    cluster: int
    crops: pd.DataFrame
    named: int
    name: str | None
    purity: float | None

    @property
    def label(self):
        return "Noise" if self.cluster == NOISE else f"Cluster {self.cluster}"


def choose(collection):
    """(run, algorithm) that the galleries show, or None: the highest ARI; without labels the first run that learned."""
    return _highest_ari(collection) or _first_learner(collection)


def _highest_ari(collection):
    """Of the test part; where that holds no names, as in a video that is one sequence, of all crops or the unseen."""
    metrics = collection.metrics
    names = leaderboard.clusterings(metrics)
    names = [name for name in names if ", " not in name] or names
    found = [(name, leaderboard.best(metrics, name, "ARI")) for name in names]
    scored = [(_ari(metrics, run, name), run, name) for name, run in found if run]
    for _, run, name in sorted(scored, reverse=True):
        for algorithm in _algorithms(collection, run):
            if algorithm == name.partition(", ")[0]:
                return run, algorithm
    return None


def _first_learner(collection):
    usable = [run for run in collection.runs if run["method"] not in ("oracle", "random")]
    for run in sorted(usable, key=lambda run: (FAMILIES.index(run["family"]), run["method"] == "pixels")):
        for algorithm in _algorithms(collection, run["run"]):
            return run["run"], algorithm
    return None


def _algorithms(collection, run):
    present = set(collection.of_run(run, "clusters")["algorithm"])
    return [algorithm for algorithm in ALGORITHMS if algorithm in present]


def _ari(metrics, run, protocol):
    chosen = (metrics["run"] == run) & (metrics["protocol"] == protocol) & (metrics["metric"] == "ARI")
    return metrics.loc[chosen, "value"].max()


def assigned(collection, run, algorithm):
    """The crops of the collection's index with the cluster and score that `run` gave them."""
    clusters = collection.of_run(run, "clusters")
    return clusters[clusters["algorithm"] == algorithm].merge(collection.split, on="crop_id")


def groups(frame):
    """The clusters of `assigned` crops, largest first, noise last."""
    made = []
    for cluster, crops in frame.groupby("cluster"):
        names = crops["individual"].dropna().value_counts(sort=True)
        named = int(names.sum())
        names = names[names == names.max()].sort_index() if named else names
        commonest = (names.index[0], float(names.iloc[0] / named)) if named else (None, None)
        made.append(Group(int(cluster), crops, named, *commonest))
    return sorted(made, key=lambda group: (group.cluster == NOISE, -len(group.crops), group.cluster))


def errors(frame):
    """How clusters and names disagree among so many `sequences`: an ecologist's errors rather than a score.

    split: individuals found in two clusters or more. combined: clusters that hold two individuals or more. single:
    clusters met in one sequence only, which may be ghosts. excluded: crops called noise.
    """
    kept = frame[frame["cluster"] != NOISE]
    named = kept.dropna(subset=["individual"])
    return {
        "split": int((named.groupby("individual")["cluster"].nunique() > 1).sum()),
        "combined": int((named.groupby("cluster")["individual"].nunique() > 1).sum()),
        "single": int((kept.groupby("cluster")["sequence"].nunique() == 1).sum()),
        "sequences": int(frame["sequence"].nunique()),
        "excluded": int((frame["cluster"] == NOISE).sum()),
    }


def table(frame, by):
    """Rows {who, station, first, last, sequences, crops} per value of the column `by` and station."""
    rows = []
    for (who, station), crops in frame.dropna(subset=[by]).groupby([by, "station"], dropna=False):
        times = crops["timestamp"]
        rows.append(
            {
                "who": who,
                "station": None if pd.isna(station) else station,
                "first": times.min(),
                "last": times.max(),
                "sequences": crops["sequence"].nunique(),
                "crops": len(crops),
            }
        )
    return rows
