"""The user's configuration: checked against its schema, defaults filled in, errors in one sentence each.

Imported when the workflow is parsed, so it needs nothing heavier than a JSON Schema validator.
"""

import functools
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from pugmark import literals

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"
_KINDS = {
    "array": "a list, such as [a, b]",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "lines of `key: value`",
    "string": "a word",
}


class ConfigError(ValueError):
    """config.yaml asks for something that cannot be done; the message says where and what to write instead."""


def read_yaml(path):
    """The YAML document at `path`, by libyaml where it is there: the workflow is parsed again by every cluster job."""
    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


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
    validator = Draft202012Validator({**spec, "$defs": schema()["$defs"]})
    faults = [_sentence(error, at) for error in _leaves(validator.iter_errors(config))]
    if faults:
        raise ConfigError("Configuration:\n" + "\n".join(f"  {fault}" for fault in dict.fromkeys(faults)))


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
    return schema()["$defs"][reference.rsplit("/", 1)[1]] if reference else spec


def _leaves(errors):
    for error in errors:
        # In a choice (oneOf) the branch that went furthest is the one that the user meant.
        if error.context and error.validator in ("oneOf", "anyOf"):
            deepest = max(len(inner.absolute_path) for inner in error.context)
            meant = [inner for inner in error.context if len(inner.absolute_path) == deepest > len(error.absolute_path)]
            yield from _leaves(meant) if meant else [error]
        else:
            yield error


def _sentence(error, at):
    where = ".".join(map(str, (*at, *error.absolute_path))) or "top level"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        wrong = [key for key in error.instance if key not in known]
        return "; ".join(f"{where}: {literals.unknown(key, known, 'key')}" for key in wrong)
    if error.validator in ("minProperties", "minItems"):
        return f"{where} is empty: name at least one."
    if error.validator == "required":
        return f"{where}: {error.message}."
    if error.validator == "enum" and isinstance(error.instance, str):
        return f"{where}: {literals.unknown(error.instance, [str(word) for word in error.validator_value], 'word')}"
    if error.validator == "oneOf" and where.count(".") == 1:
        return f"{where}: give either `batches` (a pattern of folders) or `synthetic`."
    meaning = error.schema.get("description", "see workflow/schemas/config.schema.yaml")
    if error.validator == "type":
        kinds = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        return f"{where} is {error.instance!r}: write {' or '.join(_KINDS[kind] for kind in kinds)} ({meaning})."
    return f"{where}: {error.message} ({meaning})."
