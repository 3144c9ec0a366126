"""The user's configuration: checked against its schema, defaults filled in, errors in one sentence each.

Imported when the workflow is parsed, so it needs nothing heavier than a JSON Schema validator.
"""

import functools
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from pugmark.planning import sentences

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


class ConfigError(ValueError):
    """config.yaml asks for something that cannot be done; the message says where and what to write instead."""


def read_yaml(path):
    """The YAML document at `path`, by libyaml where it is there: the workflow is parsed again by every cluster job."""
    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def check_repeated(paths):
    """Refuse a key that stands twice in one of the files `paths`: YAML would forget the first. Raises ConfigError."""
    for path in paths:
        with open(path, "rb") as file:
            todo = [yaml.compose(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))]
        while todo:
            node, seen = todo.pop(), {}
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    here, first = key.start_mark, seen.setdefault(key.value, key.start_mark)
                    if first is not here and key.value != "<<":
                        raise ConfigError(
                            f"{path}, line {here.line + 1}: {key.value!r} stands in line {first.line + 1} already, "
                            "which the second would undo: join both, or delete one."
                        )
                    todo.append(value)
            elif isinstance(node, yaml.SequenceNode):
                todo += node.value


@functools.cache
def schema():
    """The parsed schema of config.yaml."""
    return read_yaml(SCHEMA)


def complete(config):
    """A copy of `config` with every default filled in. Raises ConfigError naming all faults."""
    _check(config, schema(), ())
    return _filled(config, schema())


def check(section, name, settings):
    """Refuse `settings` of the collection `name` that the schema of `section` does not allow. Raises ConfigError."""
    _check(settings, schema()["$defs"][section], ("collections", name, section))


def _check(config, spec, at):
    validator = _Validator({**spec, "$defs": schema()["$defs"]})
    faults = sentences.of(validator.iter_errors(config), at)
    if faults:
        raise ConfigError("\n".join(dict.fromkeys(faults)))


def _whole_text(validator, pattern, text, spec):
    """A pattern must fit all of the text: `$` would let a line break follow."""
    if isinstance(text, str) and not re.fullmatch(pattern, text):
        yield ValidationError(f"{text!r} does not fit {pattern!r}")


def _is_number(checker, value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(checker, value):
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = validators.extend(
    Draft202012Validator,
    {"pattern": _whole_text},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_whole}),
)


def _filled(value, spec):
    spec = _resolved(spec)
    if not isinstance(value, dict):
        return value
    known = spec.get("properties", {})
    made = {}
    for key, inner in known.items():
        inner = _resolved(inner)
        if key in value or "default" in inner:
            made[key] = _filled(value.get(key, inner.get("default")), inner)
    others = spec.get("additionalProperties")
    for key in value.keys() - known.keys():
        made[key] = _filled(value[key], others) if isinstance(others, dict) else value[key]
    return {key: made[key] for key in [*value, *made] if key in made}


def _resolved(spec):
    reference = spec.get("$ref")
    return schema()["$defs"][reference.rsplit("/", 1)[1]] | spec if reference else spec
