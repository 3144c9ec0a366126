"""Every key of the schema once with a wrong kind, a wrong range and a near-miss name: a sentence that names the key."""

import copy
import re

import pytest
import yaml
from planning.cats import cats

from pugmark import literals
from pugmark.planning import collection, configuration
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan

SCHEMA = yaml.safe_load(configuration.SCHEMA.read_text())
WRONG = {"string": 5, "integer": "x", "number": "x", "boolean": "x", "array": 5, "object": 5}
# Names at places where the user chooses them.
NAMES = {("collections",): "cats", ("methods",): "pixels"}
SAMPLE = "mine"


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


def resolved(spec):
    return SCHEMA["$defs"][spec["$ref"].rsplit("/", 1)[1]] | spec if "$ref" in spec else spec


def places(spec, at=()):
    """(keys, schema) of everything that may be written, with a name where the user chooses one."""
    spec = resolved(spec)
    yield at, spec
    for key, inner in spec.get("properties", {}).items():
        yield from places(inner, (*at, key))
    for branch in spec.get("oneOf", ()):
        for key, inner in branch.get("properties", {}).items():
            yield from places(inner, (*at, key))
    if isinstance(spec.get("additionalProperties"), dict) and at[-1:] != ("shards",):
        yield from places(spec["additionalProperties"], (*at, NAMES.get(at, SAMPLE)))
    if at[:1] == ("collections",) and len(at) == 3 and at[2] in collection.SECTIONS and "properties" not in spec:
        yield from places(SCHEMA["$defs"][at[2]], at)


def wrong_values():
    """(keys, value) of values of another kind, out of range, or not among the words."""
    for at, spec in places(SCHEMA):
        if not at:
            continue
        kinds = [spec["type"]] if isinstance(spec.get("type"), str) else spec.get("type", [])
        if kinds:
            yield at, 5 if not {"integer", "number"} & {*kinds} else "x"
        if kinds == ["integer"]:
            yield at, 1.5
        if "null" not in kinds and kinds and at[:1] != ("methods",):
            yield at, None
        for bound, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0)):
            if bound in spec:
                yield at, spec[bound] + step
        if "enum" in spec or ("oneOf" in spec and "properties" not in spec):
            yield from ((at, "no such word"), (at, 5))
        if "minItems" in spec:
            yield at, []
        if spec.get("uniqueItems"):
            yield at, [1, 1] if at[-1] == "seeds" else ["a", "a"]


def put(config, at, value):
    """`config` with `value` where the keys `at` lead; what is no mapping on the way becomes one."""
    changed = copy.deepcopy(config)
    inner = changed
    for key in at[:-1]:
        inner[key] = dict(inner[key]) if isinstance(inner.get(key), dict) else {}
        inner = inner[key]
    inner[at[-1]] = value
    return changed


@pytest.mark.parametrize(
    "at, value", [*wrong_values()], ids=lambda part: ".".join(part) if isinstance(part, tuple) else str(part)
)
def test_a_wrong_value_is_refused_with_its_key(config, at, value):
    with pytest.raises(ConfigError) as error:
        Plan(put(config, at, value))
    said = str(error.value)
    assert ".".join(at) in said and "Traceback" not in said
    assert re.search(r"write|did you mean|known:|give|name|is empty|lacks", said), said


CLOSED = [
    (at, key)
    for at, spec in places(SCHEMA)
    if spec.get("additionalProperties") is False
    for key in spec.get("properties", ())
]


@pytest.mark.parametrize("at, key", CLOSED, ids=lambda part: ".".join(part) if isinstance(part, tuple) else part)
def test_a_near_miss_of_a_key_is_told_the_key(config, at, key):
    with pytest.raises(ConfigError, match=rf"{'.'.join(at) or 'top level'}.*{key}x': did you mean '"):
        Plan(put(config, (*at, f"{key}x"), {}))


def stated():
    """(path of the section, what is written beside it, defaults, allowed) of every detector and of drawn surveys."""
    for path in sorted((collection.PACKAGE / "detectors").glob("*.py")):
        if path.stem != "__init__":
            yield ("collections", "cats", "detect"), {"name": path.stem}, literals.read(path, {"DEFAULTS", "ALLOWED"})
    drawn = literals.read(collection.PACKAGE / "stages" / "synthesise.py", {"DEFAULTS", "ALLOWED"})
    yield ("collections", "cats", "synthetic"), {}, drawn


SETTINGS = [
    (at, beside, key, facts["DEFAULTS"][key], allowed)
    for at, beside, facts in stated()
    for key, allowed in facts["ALLOWED"].items()
]


@pytest.mark.parametrize("at, beside, key, default, allowed", SETTINGS, ids=lambda part: str(part)[:30])
def test_each_setting_of_detectors_and_surveys_has_its_kind_range_and_name(config, at, beside, key, default, allowed):
    config["collections"]["cats"].pop("detect" if beside else "batches")
    wrong = [5 if isinstance(default, str | None) else "x", [["x"]], {"x": "y"}]
    if isinstance(allowed, str):
        wrong += [float(number) - 1 for number in re.findall(r">=? ([\d.]+)", allowed)]
        wrong += [float(number) + 1 for number in re.findall(r"<=? ([\d.]+)", allowed)]
    for value in wrong:
        with pytest.raises(ConfigError, match=rf"{'.'.join(at)}\.{key} is .*: write "):
            Plan(put(config, at, beside | {key: value}))
    with pytest.raises(ConfigError, match=f"'{key}x': did you mean '"):
        Plan(put(config, at, beside | {f"{key}x": default}))


def test_every_setting_of_a_detector_but_those_that_the_plan_makes_may_be_set():
    for _, beside, facts in stated():
        assert facts["DEFAULTS"].keys() - facts["ALLOWED"].keys() <= (
            {"labels"} if beside == {"name": "boxes"} else set()
        )
