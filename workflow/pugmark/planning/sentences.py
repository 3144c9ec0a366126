"""One sentence for each way in which config.yaml does not fit its schema: the key, what is wrong, what to write.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import datetime as dt

import yaml

from pugmark import literals

_KINDS = {
    "array": "a list, such as [a, b]",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "lines of `key: value`",
    "string": "a word",
}
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def of(errors, at):
    """The sentences for the `errors` of a jsonschema validator. at: the keys that lead to what was validated."""
    return [_sentence(error, ".".join(map(str, (*at, *error.absolute_path)))) for error in _leaves(errors)]


def shown(value):
    """A value as YAML has it: true, null, [a, b]; a word in quotation marks. Long ones are cut short."""
    if isinstance(value, str):
        text = repr(value)
    else:
        text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()
    return text if len(text) <= 80 else f"{text[:77]}..."


def _leaves(errors):
    for error in errors:
        # In a choice (oneOf) the branch that went furthest is the one that the user meant.
        if error.context and error.validator in ("oneOf", "anyOf"):
            deepest = max(len(inner.absolute_path) for inner in error.context)
            meant = [inner for inner in error.context if len(inner.absolute_path) == deepest > len(error.absolute_path)]
            yield from _leaves(meant) if meant else [error]
        else:
            yield error


def _sentence(error, where):
    if "propertyNames" in error.absolute_schema_path:
        return _of_name(error, where or "top level")
    said = _SENTENCES.get(error.validator, _of_another)
    return said(error, where or "top level")


def _of_name(error, where):
    """A key that can be none."""
    key = error.instance
    if error.validator == "type":
        return f"{where}: YAML takes the name {shown(key)} for something else than a word: put it in quotation marks."
    if error.validator == "not":
        return f"{where}: {shown(key)} is the name of a folder that the workflow makes itself: choose another name."
    return f"{where}: {shown(key)} cannot be a name. {_meaning(error)}."


def _of_unknown(error, where):
    known = error.schema.get("properties", {})
    wrong = [key for key in error.instance if key not in known]
    return "; ".join(f"{where}: {literals.unknown(key, known, 'key')}" for key in wrong)


def _of_empty(error, where):
    return f"{where} is empty: name at least one."


def _of_twice(error, where):
    twice = next(one for at, one in enumerate(error.instance) if one in error.instance[:at])
    return f"{where} holds {shown(twice)} twice: name each once."


def _of_lacking(error, where):
    missing = next(key for key in error.validator_value if key not in error.instance)
    about = error.schema.get("properties", {}).get(missing, {}).get("description")
    return f"{where} lacks `{missing}`: write it beside the others{f' ({about})' if about else ''}."


def _of_word(error, where):
    if isinstance(error.instance, str):
        return f"{where}: {literals.unknown(error.instance, [str(word) for word in error.validator_value], 'word')}"
    return f"{where} is {shown(error.instance)}: write one of {', '.join(map(str, error.validator_value))}."


def _of_choice(error, where):
    words = [word for branch in error.validator_value for word in branch.get("enum", ())]
    if isinstance(error.instance, str) and (near := literals.nearest(error.instance, words)):
        return f"{where}: Unknown word {error.instance!r}: did you mean {near!r}?"
    return f"{where}: give {_meaning(error)}."


def _of_value(error, where):
    """Of another kind, or out of range."""
    kinds = error.schema["type"]
    kinds = [kinds] if isinstance(kinds, str) else kinds
    bounds = " and ".join(f"{words} {error.schema[bound]}" for bound, words in _BOUNDS.items() if bound in error.schema)
    told = [f"{_KINDS[kind]}, {bounds}" if bounds and kind in _NUMBERS else _KINDS[kind] for kind in kinds]
    told = (", or " if bounds else " or ").join(told)
    return f"{where} is {shown(error.instance)}: write {told}{_hint(error.instance, kinds)} ({_meaning(error)})."


def _of_form(error, where):
    return f"{where} cannot be {shown(error.instance)}: {_meaning(error)}."


def _of_another(error, where):
    return f"{where}: {error.message} ({_meaning(error)})."


def _meaning(error):
    return error.schema.get("description", "see workflow/schemas/config.schema.yaml")


def _hint(value, kinds):
    """How to write a number that YAML took for a word, such as 1e-3, or a word that it took for something else."""
    if "string" in kinds and isinstance(value, bool | int | float | dt.date):
        # Of 2024_05 it makes 202405.
        return "; YAML reads what you wrote as a number, a date or true or false, so put it in quotation marks"
    try:
        number = float(value) if isinstance(value, str) and _NUMBERS & {*kinds} else None
    except ValueError:
        number = None
    return "" if number is None else f"; in YAML write {literals.number(number)}"


_NUMBERS = {"integer", "number"}
_SENTENCES = {
    "additionalProperties": _of_unknown,
    **dict.fromkeys(("minProperties", "minItems", "minLength"), _of_empty),
    "uniqueItems": _of_twice,
    "required": _of_lacking,
    "enum": _of_word,
    "oneOf": _of_choice,
    "pattern": _of_form,
    **dict.fromkeys(("type", *_BOUNDS), _of_value),
}
