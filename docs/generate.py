"""Write the documents that the code already states: methods.md, reranking.md and configuration.md.

`make docs` runs it; a test fails when a document is stale.
"""

import functools
import re
import sys
import tokenize
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from pugmark import literals, methods, ranges, rerankers  # noqa: E402
from pugmark.planning import configuration  # noqa: E402

PACKAGE = Path(configuration.__file__).parents[1]

HEAD = """\
# Configuration

Every key of `config.yaml`, from `workflow/schemas/config.schema.yaml`. Defaults need not be written. The sections
`ingest` to `evaluate` may also stand inside a collection, for that collection only.

| key | default | what it says |
|---|---|---|
"""


METHODS_HEAD = """\
# Methods

TABLE

## Choose one

- **Controls** show what a figure is worth. `oracle` must score 1 and `random` chance. `pixels` compares small pictures.
- **Frozen** networks were trained elsewhere. Try `megadescriptor` and `miewid` first: they learned from many species of
  animals. `concat` lays the vectors of several side by side. A trained method that is not above `pixels` and the frozen
  networks gained nothing, and the report says so.
- **Supervised** methods learn from names. Use them where many animals are named. `strong_baseline` and `arcface` are
  the recipes to beat. `part_dve`, `base_resnet50`, `base_vit` and `pgcfl` also learn the side of the animal, so their
  labels need viewpoints. `clip_reid` and `care` start from CLIP and follow a text for each animal: set `noun` to your
  species.
- **Label-free** methods group the crops anew before every epoch and learn from the groups. They need at least a few
  pictures of each animal. The log of each epoch tells how many clusters there are and how large the largest is. A
  training that collapses ends with a sentence. `k1: null` takes the number of neighbours from the number of
  individuals, or estimates it. `labels: identity` uses the true names instead: a bound, no method. For animals that are
  longer than high, cut `pcb` and `pplr` into `stripes: cols`. `ice` has `cameras: true` where stations are known.
- **Video** methods and **trackers** name the boxes of one video: see [Long videos](videos.md).
- **`file`** reads vectors that you made elsewhere: see [Adding a method](adding_a_method.md).

Some methods have presets, which stand above their settings. `matched` is what the red panda paper compares with,
`native` and `paper` what the method's own paper used, `released` what its public code does. `fixed`, the default where
it stands, is ours.
The figures that a paper published appear in the report beside the measured ones.

## Join several embedders

```yaml
methods:
  megadescriptor: {}
  miewid: {}
  both: {method: concat, of: [megadescriptor, miewid]}
```

`both` uses the vectors that the other two have made already. It takes any methods of the family `frozen` but another
`concat`, and each counts alike.

## Joints for `ppgnet`

`ppgnet` learns from the joints of the training animals. Name a table of them: `ppgnet: {joints: joints.csv}`. It has a
row for each joint that is seen. Its columns are `crop_id` (from the `crops.parquet` of the batch), `joint`, and `x`
and `y` as shares of the width and height of the crop. The joints are `left_shoulder`, `left_front_paw`, `left_hip`,
`left_knee`, `left_back_paw`, and the same on the right.

## Not built

**PCN-RERP** is a striped network that learns to say which regions were erased. Its code is closed, and what is
published is not enough to build it. On yaks (YakReID-103, hard, original pictures) it is said to reach 68.6 mAP and
91.8 Rank-1. The study `masked_original` shows this beside the figures of others.

## Settings

Write a setting beside the method's name under `methods` in `config.yaml`, or into a study's grid. A setting that you
leave out keeps the value below. The column *from* says where that value comes from: the method's **paper**, the
**code** that its authors released (for a baseline without any, the public code named as its recipe), or **ours**, with
the reason. Most were chosen for photographs of people: for animals they are a start, not advice.
"""
RERANKING = """\
# Re-ranking

A re-ranker orders the nearest crops of each query anew. It takes the shortlist of a run and gives its pairs new scores;
the rest of the gallery follows below in its old order. A protocol's junk is taken out before, so near-duplicates do not
fill the shortlist.

```yaml
rerank:
  local: {methods: [pixels, small_supervised], shortlist: 50}
```

The re-ranked run is called `RUN+local`, for instance `pixels-s1+local`. It stands in the leaderboard and in every table
as `pixels+local`, with its gain over the controls. It has retrieval and open-set figures. It has no clusters, since a
re-ranker gives scores of pairs and no vectors.

- **`local`** counts key points that agree under one map between two crops. It needs no weights and no training. Use it
  where coats have spots, stripes or scars and crops are sharp. Key points outside the mask are dropped. Where too few
  agree, a pair keeps its cosine. It finds no animal that the shortlist does not hold: take a long shortlist over a
  weak method. Key points are found once per crop, by the rule `keypoints`.
- **`lightglue`** does the same with key points that a network finds, ALIKED or DISK, and LightGlue matches. Fetch the
  two files that `snakemake -n` names, and state their checksums under `weights.files`. Without a GPU it is slow: on two
  cores, half a second for a crop and .16 s for a pair. What it gains over `local` was not measured.
- **`k_reciprocal`** calls two crops alike where their nearest neighbours are the same. It reads vectors alone. It helps
  a good method and cannot help a weak one.

- **`fusion`** makes one probability of the cosines of several runs and of the key points. `with` names the further
  methods. It is fitted on named pairs of the training part, so it needs names there. It helps where no single method
  is right alone. Runs that were trained on the very same crops look better there than they are: watch `AUROC_held_out`
  in `metrics.parquet` (protocol `fit`), the area under the ROC curve on individuals that the scorer was not fitted on,
  beside `AUROC_fitted`.

```yaml
rerank:
  fusion: {methods: [imagenet], with: [pixels]}
```

Scores of `local` depend on the pair alone. Those of `k_reciprocal` depend on the crops that are evaluated.

## Settings

Settings stand beside `methods`. [Methods](methods.md) explains the column *from*.

TABLES
## Add a re-ranker

Add a file to `workflow/pugmark/rerankers/` with the literals `TITLE`, `SOURCE`, `PARAMS` and `ALLOWED`, and a function
`prepare`; `workflow/pugmark/rerankers/__init__.py` says what it takes and returns. One that reads key points states
`KEYPOINTS`, the settings that the rule `keypoints` is given, and `POINTS`, the name of their table. One that states
`WEIGHTS` is handed the file of what matches them. One that states `LEARNS` also has a function `fit`.
`tests/rerankers/test_contract.py` finds the file by itself.
"""
MARK = re.compile(r"\[(paper|code|ours: [^\]]+)\] ?(.*)")
"""How the comment behind a method's setting begins: whose value it is."""


def methods_table():
    """Markdown table of the methods, from the literals of their files."""
    rows = ["| method | family | labels it sees | source |", "|---|---|---|---|"]
    for name, facts in methods.catalogue().items():
        rows.append(f"| `{name}` | {facts['FAMILY']} | {_seen(facts)} | {facts['SOURCE']} |")
    return "\n".join(rows)


def _seen(facts):
    return "all, in place of pixels" if facts["SEES_TRUTH"] else facts["LABELS"]


def methods_page():
    """The whole of methods.md: how to choose, the table of methods, and the settings of each."""
    settings = "".join(_method(name, facts) for name, facts in methods.catalogue().items())
    return METHODS_HEAD.replace("TABLE", methods_table()) + settings


def _method(name, facts):
    about = f"{facts['TITLE']}. {facts['SOURCE']}. Family: {facts['FAMILY']}; labels it sees: {_seen(facts)}."
    yielded = [f"\n### `{name}`\n\n{about}\n"]
    for preset, chosen in facts["PRESETS"].items():
        listed = ", ".join(f"`{key}: {value}`" for key, value in chosen.items())
        yielded.append(f"\n`preset: {preset}` stands for {listed or 'the settings below'}.\n")
    if facts["PARAMS"]:
        yielded.append(_settings(methods.FOLDER / f"{name}.py", "PARAMS"))
    return "".join(yielded)


def reranking_page():
    """The whole of reranking.md."""
    listed = "".join(
        f"### `{name}`\n\n{facts['TITLE']}. {facts['SOURCE']}.\n"
        f"{_settings(rerankers.FOLDER / f'{name}.py', 'PARAMS')}\n"
        for name, facts in rerankers.catalogue().items()
    )
    return RERANKING.replace("TABLES\n", listed)


def _settings(path, name):
    """Markdown table of the dict `name` in a Python file, or a sentence where it is empty."""
    stated, said = literals.read(path, {name, "ALLOWED"}), comments(path, name)
    allowed = stated["ALLOWED"]
    if not stated[name]:
        return "\nNo settings.\n"
    marked = any(mark for mark, _ in said.values())
    columns = ["setting", "value", "it may be", *(["from"] if marked else []), "what it says"]
    lines = [columns, ["---"] * len(columns)]
    for key, value in stated[name].items():
        # What is neither true or false nor ALLOWED is no setting of the user's.
        if isinstance(value, bool) or key in allowed:
            facts = [ranges.told(value, allowed.get(key)), *([said[key][0]] if marked else [])]
            lines.append([f"`{key}`", f"`{yaml_of(value)}`", *facts, said[key][1].replace("|", "/")])
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---")


def comments(path, name):
    """{setting: (whose value it is, what it says)} from the comments behind the dict `name` of a Python file.

    A comment without words, for a value that differs from the family's, leaves the family's words in place.
    """
    found = {}
    for file, stated in literals.parts(path, name):
        behind = _behind(file)
        for key, value in zip(stated.keys, stated.values, strict=True):
            comment = behind.get(value.end_lineno, "")
            marked = MARK.fullmatch(comment)
            mark, words = marked.groups() if marked else ("", comment)
            found[key.value] = (mark, words or found.get(key.value, ("", ""))[1])
    return found


@functools.cache
def _behind(path):
    """{line: the comment on it} of a Python file."""
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def yaml_of(value):
    """A value as YAML writes it within a line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def configuration_page():
    """The whole of configuration.md."""
    schema = yaml.safe_load(configuration.SCHEMA.read_text())
    drawn = _settings(PACKAGE / "stages" / "synthesise.py", "DEFAULTS")
    detectors = [path for path in sorted((PACKAGE / "detectors").glob("*.py")) if path.stem != "__init__"]
    listed = [f"\n## Detector `{path.stem}`\n{_settings(path, 'DEFAULTS')}" for path in detectors]
    return HEAD + "".join([*_rows(schema, schema, ""), *listed, f"\n## A drawn survey (`synthetic`)\n{drawn}"])


def _rows(spec, schema, prefix):
    for key, inner in spec.get("properties", {}).items():
        if "$ref" in inner:
            inner = schema["$defs"][inner["$ref"].rsplit("/", 1)[1]] | inner
        others = inner.get("additionalProperties")
        if "description" in inner and "(as the section" not in inner["description"]:
            default = f"`{inner['default']}`" if "default" in inner else ""
            words = f": {', '.join(f'`{word}`' for word in inner['enum'])}" if "enum" in inner else ""
            yield f"| `{prefix}{key}` | {default} | {inner['description'].replace('|', '/')}{words} |\n"
        if isinstance(others, dict) and "$ref" in others:
            yield from _rows(schema["$defs"][others["$ref"].rsplit("/", 1)[1]], schema, f"{prefix}{key}.NAME.")
        elif isinstance(others, dict):
            yield from _rows(others, schema, f"{prefix}{key}.NAME.")
        yield from _rows(inner, schema, f"{prefix}{key}.")


if __name__ == "__main__":
    (ROOT / "docs" / "methods.md").write_text(methods_page())
    (ROOT / "docs" / "reranking.md").write_text(reranking_page())
    (ROOT / "docs" / "configuration.md").write_text(configuration_page())
