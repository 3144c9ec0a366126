"""Who was seen where and when: the groups of one clustering, and how they agree with names where there are any."""

from dataclasses import dataclass

import pandas as pd

from pugmark.reporting.pictures import spread

ALGORITHMS = ("argmax", "tracks", "kmeans_per_frame", "kmeans", "dbscan", "agglomerative")
FAMILIES = ("label-free", "video", "supervised", "file", "tracker", "frozen", "control")
NOISE = -1


@dataclass(frozen=True)
class Group:
    """One cluster: its crops (rows of `assigned`), and how many of them bear each name, commonest first."""

    cluster: int
    crops: pd.DataFrame
    names: dict

    @property
    def is_noise(self):
        return self.cluster == NOISE

    @property
    def label(self):
        return "Noise" if self.is_noise else f"Cluster {self.cluster}"

    @property
    def name(self):
        """The commonest name, or None."""
        return next(iter(self.names), None)

    @property
    def named(self):
        """How many crops have a name."""
        return sum(self.names.values())

    @property
    def visits(self):
        """In how many sequences the named crops were taken: ten frames of one burst say little more than one."""
        return self.crops.loc[self.crops["individual"].notna(), "sequence"].nunique()

    @property
    def species(self):
        """{what the detector or the sidecar calls them: crops}, commonest first."""
        return _counted(self.crops["species"])


def choose(collection):
    """(run, algorithm) that the galleries show, or None: the highest ARI; without names the first run that learned.

    A control is shown only where nothing else ran, and one that is told the answers, or nothing, never.
    """
    runs = [run for run in collection.runs if run["method"] not in ("oracle", "random")]
    runs = [run for run in runs if _algorithms(collection, run["run"])]
    runs = [run for run in runs if run["family"] != "control"] or runs
    return _highest_ari(collection, runs) or _first(collection, runs)


def _highest_ari(collection, runs):
    """Of the test part; where that holds no names, as in a video that is one sequence, of all crops or the unseen."""
    metrics = collection.metrics
    scored = metrics[(metrics["metric"] == "ARI") & metrics["value"].notna()]
    scored = scored[scored["run"].isin([run["run"] for run in runs])]
    tested = scored[~scored["protocol"].str.contains(", ", regex=False)]
    scored = tested if len(tested) else scored
    for row in scored.sort_values(["value", "run", "protocol"], ascending=False).itertuples():
        algorithm = row.protocol.partition(", ")[0]
        if algorithm in _algorithms(collection, row.run):
            return row.run, algorithm
    return None


def _first(collection, runs):
    for run in sorted(runs, key=lambda run: (FAMILIES.index(run["family"]), run["method"] == "pixels")):
        return run["run"], _algorithms(collection, run["run"])[0]
    return None


def _algorithms(collection, run):
    if run not in collection.clustered:  # its table, if there is one, is of an earlier day
        return []
    present = set(collection.of_run(run, "clusters", ["algorithm"])["algorithm"])
    return [algorithm for algorithm in ALGORITHMS if algorithm in present]


def assigned(collection, run, algorithm):
    """The crops of the collection's index with the cluster and score that `run` gave them, and whether each is alone in
    its picture."""
    clusters = collection.of_run(run, "clusters")
    frame = clusters[clusters["algorithm"] == algorithm].merge(collection.index, on="crop_id")
    return frame.assign(alone=~frame.duplicated(["batch", "path", "frame_number"], keep=False))


def groups(frame):
    """The clusters of `assigned` crops, largest first, noise last."""
    made = [Group(int(cluster), crops, _counted(crops["individual"])) for cluster, crops in frame.groupby("cluster")]
    return sorted(made, key=lambda group: (group.is_noise, -len(group.crops), group.cluster))


def by_visit(crops):
    """Crops of one cluster in the order in which they are looked at: the visits with the most typical crop first, and
    the crops of a visit together, the most typical first."""
    best = crops.groupby("sequence")["score"].transform("max")
    order = {"best": best, "sequence": crops["sequence"], "score": crops["score"], "crop_id": crops["crop_id"]}
    return crops.loc[pd.DataFrame(order).sort_values(list(order), ascending=[False, True, False, True]).index]


def examples(crops, most):
    """At most `most` crops of one cluster: of as many visits as possible, from the most to the least typical ones."""
    typical = crops.sort_values(["score", "crop_id"], ascending=[False, True])
    turns = typical.groupby("sequence").cumcount()
    first = typical[turns == 0]
    if len(first) >= most:
        return by_visit(first.iloc[spread(range(len(first)), most)])
    return by_visit(typical.loc[turns.sort_values(kind="stable").index[:most]])


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
    """Rows {who, species, station, first, last, visits, crops} per value of the column `by` and station."""
    rows = []
    for (who, station), crops in frame.dropna(subset=[by]).groupby([by, "station"], dropna=False):
        times = crops["timestamp"]
        rows.append(
            {
                "who": who,
                "species": ", ".join(_counted(crops["species"])),
                "station": None if pd.isna(station) else station,
                "first": times.min(),
                "last": times.max(),
                "visits": crops["sequence"].nunique(),
                "crops": len(crops),
            }
        )
    return rows


def _counted(values):
    """{value: how often}, commonest first, equal ones in their own order."""
    counts = values.dropna().value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return {name: int(count) for name, count in counts.items()}
