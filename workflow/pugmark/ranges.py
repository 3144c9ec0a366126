"""What a setting may be, and the sentence for a value that it may not be.

A file states its settings as literals: {setting: default}, and beside that ALLOWED, {setting: what it may be}. The
default gives the kind: true or false (which needs no entry in ALLOWED), a whole number, a number, a word, a list or
lines of `name: value`. ALLOWED says which of that kind:

    ["gap", "bn[1-3]"]   one of these, which may be patterns as of file names; of a list, any of these, once each;
                         of lines, each value one of these
    [["a"], ["a", "b"]]  one of these lists
    ">= 1"               a number within bounds, also "> 0, <= 1"; of a list, each of its numbers, in ascending order
    "word"               any word; whether it exists is checked elsewhere
    "null or > 0.5"      one of several, also "0 or >= 2"

Where the default is null, bounds without a point mean a whole number. Read when the workflow is parsed, so it imports
nothing heavy.
"""

import fnmatch
import math
import operator

from pugmark import literals

_COMPARISONS = {
    ">=": (operator.ge, "at least"),
    ">": (operator.gt, "above"),
    "<=": (operator.le, "at most"),
    "<": (operator.lt, "below"),
}
_WORDS = {"null": "null", "word": "a word"}


def fault(what, value, default, allowed=None):
    """A sentence that says why `value` cannot be the setting `what` (`height of method fancl`), or None if it can."""
    if _fits(value, default, allowed):
        return None
    listed = isinstance(allowed, list)
    wrong = [word for word in (value if isinstance(value, list) else [value]) if listed and not _among(word, allowed)]
    if wrong and isinstance(value, type(default)) and isinstance(wrong[0], type(allowed[0])):
        return literals.unknown(wrong[0], allowed, what)
    such = "" if listed or default is None or isinstance(default, bool) else f", such as {_yaml(default)}"
    given = repr(value) if isinstance(value, str) else _yaml(value)
    return f"{what} is {given}: write {told(default, allowed)}{such}{_hint(value, default)}."


def told(default, allowed=None):
    """What a setting may be, in words: `a whole number, at least 1`."""
    if isinstance(default, bool):
        return "true or false"
    if isinstance(allowed, list):
        *others, last = map(_yaml, allowed)
        if isinstance(default, dict):
            return f"lines of `name: value`, each value {', '.join(others)} or {last}"
        if isinstance(default, list) and not isinstance(allowed[0], list):
            return f"a list of any of {', '.join([*others, last])}"
        return f"{', '.join(others)} or {last}"
    if isinstance(default, list):
        return f"a list of {len(default)} numbers, the smaller first, each {told(default[0], allowed)}"
    return " or ".join(_in_words(one, _is_whole(default, allowed)) for one in allowed.split(" or "))


def _fits(value, default, allowed):
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, dict):
        lines = isinstance(value, dict) and all(isinstance(name, str) for name in value)
        return lines and all(one in allowed for one in value.values())
    if isinstance(default, list):
        return isinstance(value, list) and _fits_list(value, default, allowed)
    if isinstance(allowed, list):
        return type(value) is type(default) and _among(value, allowed)
    return any(_matches(value, one, _is_whole(default, allowed)) for one in allowed.split(" or "))


def _fits_list(value, default, allowed):
    if isinstance(allowed, list):
        entries = all(word in allowed for word in value) and len({*map(str, value)}) == len(value)
        return value in allowed if isinstance(allowed[0], list) else entries
    numbers = len(value) == len(default) and all(_fits(one, default[0], allowed) for one in value)
    return numbers and value == sorted(value)


def _among(value, allowed):
    patterns = [word for word in allowed if isinstance(word, str)]
    return value in allowed or (isinstance(value, str) and any(fnmatch.fnmatchcase(value, word) for word in patterns))


def _is_whole(default, allowed):
    return isinstance(default, int) or (default is None and "." not in allowed)


def _matches(value, allowed, whole):
    if allowed == "null":
        return value is None
    if allowed == "word":
        return isinstance(value, str) and value.strip() != ""
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not math.isfinite(value):
        return False
    return all(compare(value, bound) for compare, _, bound in _bounds(allowed))


def _in_words(allowed, whole):
    if allowed in _WORDS or allowed.isdigit():
        return _WORDS.get(allowed, allowed)
    bounds = [f"{words} {bound:g}" for _, words, bound in _bounds(allowed)]
    return ", ".join(["a whole number" if whole else "a number", *bounds])


def _bounds(allowed):
    """[(comparison, its words, number)] of a text such as `> 0, <= 1`; a number alone stands for itself."""
    parts = [bound.rpartition(" ") for bound in allowed.split(", ")]
    return [(*_COMPARISONS.get(sign, (operator.eq, "")), float(number)) for sign, _, number in parts]


def _yaml(value):
    """A value as YAML has it: true, null, [a, b], {a: b}."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_yaml(key)}: {_yaml(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, float) and math.isfinite(value) and "e" in str(value):
        return literals.number(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _hint(value, default):
    """How to write a number that YAML took for a word, such as 1e-3."""
    try:
        number = float(value) if isinstance(value, str) and not isinstance(default, str | list) else math.nan
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    whole = isinstance(default, int) and number.is_integer()
    return f"; in YAML write {int(number) if whole else literals.number(number)}"
