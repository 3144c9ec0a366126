"""The project's own promises: dependencies point one way, files agree with one another, nothing foreign is named."""

import ast
import re
import runpy
import subprocess

import pytest
import yaml
from places import ROOT

from pugmark.planning import fingerprint

PACKAGE = ROOT / "workflow" / "pugmark"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
)
STAGES = sorted(path.stem for path in (PACKAGE / "stages").glob("*.py") if path.stem != "__init__")
RULES = re.findall(r"^rule (\w+):", "".join(p.read_text() for p in (ROOT / "workflow" / "rules").glob("*.smk")), re.M)
# The floors of the house, from the top: a module imports from its own floor and from those below it.
FLOORS = (
    {"stages"},
    {"reporting", "reviewing", "exporting", "progress"},
    {"methods", "rerankers", "reranking"},
    {"learning", "clustering", "metrics", "masking", "detectors", "keypoints", "identity", "synthetic"},
    {"planning"},
    {"formats"},
    {"runtime", "tables", "weights", "vectors", "literals", "ranges", "catalogues"},
)
# What planning reads above itself: the literals of methods and re-rankers, which are read without running the files.
FACTS = ("methods", "rerankers")


def room(module):
    return module.split(".")[0]


def floor(module):
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def test_each_rule_has_one_stage_of_its_name():
    assert sorted(RULES) == STAGES


def test_every_room_has_its_floor():
    assert {room(module) for module in MODULES} == set().union(*FLOORS)


@pytest.mark.parametrize("module", MODULES)
def test_no_import_goes_up_and_nobody_imports_a_stage(module):
    for other in sorted(fingerprint.imports(module)):
        arrow = f"{module} imports {other}"
        assert room(other) != "stages" or other == "stages", f"{arrow}: what two stages share is a library part"
        allowed = floor(module) <= floor(other) or (room(module) == "planning" and other in FACTS)
        assert allowed, f"{arrow}: {room(other)} lies above {room(module)} (FLOORS)"


def test_parsing_the_workflow_imports_nothing_heavy():
    rooms = (
        "sys.path.insert(0, 'workflow'); import pugmark.planning as p, pugmark.runtime as r, pugmark.progress.handler"
    )
    each = (
        "[importlib.import_module(f'{room.__name__}.{m.name}') for room in (p, r) for m in iter_modules(room.__path__)]"
    )
    heavy = "[m for m in ('torch', 'pandas', 'numpy', 'pyarrow', 'PIL', 'sklearn') if m in sys.modules]"
    rules = "import pugmark.identity.said"  # `rules/inputs.smk` reads the ledger
    code = f"import importlib, sys; from pkgutil import iter_modules; {rooms}; {rules}; {each}; print({heavy})"
    found = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert found.stdout.strip() == "[]"


def test_ultralytics_is_imported_by_its_detector_alone():
    users = [p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py") if _imports(p, "ultralytics")]
    assert users == ["detectors/ultralytics.py"]


def _imports(path, package):
    nodes = ast.walk(ast.parse(path.read_text()))
    names = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import) for a in n.names]
    return any(name.split(".")[0] == package for name in names)


def test_a_fingerprint_follows_imports_and_nothing_else(tmp_path, monkeypatch):
    files = {
        "stage.py": "from pugmark import part\n",
        "part.py": "from pugmark.deep import leaf\n",
        "deep/__init__.py": "",
        "deep/leaf.py": "X = 1\n",
        "other.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)

    def fresh():
        for cached in (fingerprint.of, fingerprint.closure, fingerprint.imports, fingerprint._path):
            cached.cache_clear()
        return fingerprint.of("stage")

    try:
        before = fresh()
        assert fingerprint.closure("stage") == {"stage", "part", "deep", "deep.leaf"}
        (tmp_path / "other.py").write_text("changed = True\n")
        assert fresh() == before
        (tmp_path / "deep" / "leaf.py").write_text("X = 2\n")
        assert fresh() != before
    finally:
        monkeypatch.undo()
        fresh_caches = (fingerprint.of, fingerprint.closure, fingerprint.imports, fingerprint._path)
        for cached in fresh_caches:
            cached.cache_clear()


def test_the_conda_environment_follows_the_lock():
    pin = runpy.run_path(str(ROOT / "envs" / "pin.py"))
    assert (ROOT / "envs" / "pugmark.yaml").read_text() == pin["document"]((ROOT / "envs/requirements.txt").read_text())


def test_the_lock_names_every_wanted_package_with_hashes_and_no_address():
    lock = (ROOT / "envs" / "requirements.txt").read_text()
    wanted = [line for line in (ROOT / "envs" / "requirements.in").read_text().splitlines() if line and line[0] != "#"]
    names = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.M)}
    missing = [w for w in wanted if re.split(r"[><=]", w)[0].lower().replace("_", "-") not in names]
    assert not missing, "run `make lock`"
    assert "://" not in lock and lock.count("--hash") > len(names)


def test_every_weight_file_states_where_it_comes_from():
    for name, entry in yaml.safe_load((ROOT / "workflow" / "weights.yaml").read_text()).items():
        assert set(entry) == {"file", "url", "sha256", "licence"}, name
