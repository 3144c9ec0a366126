"""Folders and files that the configuration names: whether the workflow can work there, and how to say that it cannot.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import fnmatch
import os
import re

from pugmark.planning.configuration import ConfigError

LONGEST = 200  # bytes of a name: a file system takes 255, and logs and shards add to it
_REPEATED = re.compile(r"(.+)\1{19}$")


def fault(name):
    """What makes `name` unfit to stand in the paths of results (`holds a brace`), or None."""
    if not is_text(name):
        return "is not UTF-8"
    if found := re.search(r"[{}<>]", name):
        return f"holds {found[0]}, by which Snakemake marks what it fills in"
    if not name.isprintable():
        return "holds a line break or another character that cannot be printed"
    if len(os.fsencode(name)) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    if found := _REPEATED.search(name):
        return f"ends in {found[1]!r} twenty times, which Snakemake takes for an endless loop"
    return None


def is_text(path):
    """Whether `path` is UTF-8; the bytes of one that is not are surrogates in Python's strings."""
    return not any("\ud800" <= letter <= "\udfff" for letter in path)


def printable(path):
    """`path` for a message: what is not UTF-8 or cannot be printed is escaped, as \\xff."""
    return "".join(letter if letter.isprintable() else repr(os.fsencode(letter))[2:-1] for letter in path)


def at_home(path):
    """`path` with ~ for the user's home written out."""
    return os.path.expanduser(path)


def results(written):
    """The folder of results that `results: written` means. Raises ConfigError."""
    folder = os.path.normpath(at_home(written.strip())) if written.strip() else ""
    if folder in ("", "."):
        raise ConfigError(f"results is {written!r}: name a folder of its own, such as `results: results`.")
    if folder.strip("/") == "":
        raise ConfigError("results is the root of the file system: name a folder in it, such as /data/results.")
    if folder.startswith("~"):
        raise ConfigError(f"results is {written!r}: there is no such user; write the path of the folder.")
    if found := fault(folder):
        raise ConfigError(f"results is {written!r}: its path {found}; choose another.")
    part = next((part for part in _with_parents(folder) if os.path.lexists(part) and not os.path.isdir(part)), None)
    if part:
        what = "a link that leads nowhere" if os.path.islink(part) and not os.path.exists(part) else "a file"
        raise ConfigError(f"results is {written!r}, but {part} is {what}: name a folder, or remove what is there.")
    return folder


def check_apart(name, patterns, folders, results):
    """Refuse batches of the collection `name` among the results, and results among its batches. Raises ConfigError.

    patterns: of batches. folders: those that match now; the folder of results may match once it is made.
    """
    made = os.path.realpath(results)
    inside = [part for part in _with_parents(os.path.abspath(results)) if any(_matches(part, one) for one in patterns)]
    for folder in folders:
        real = os.path.realpath(folder)
        if os.path.commonpath([made, real]) == made != real:
            raise ConfigError(
                f"collections.{name}.batches: {folder} lies in the folder of results, {results}: move it, or write "
                "`results:` with another folder, so that nothing the workflow makes is taken for your media."
            )
        inside += [folder] if os.path.commonpath([made, real]) == real else []
    if inside:
        raise ConfigError(
            f"results is {results}, which would lie in a batch of collections.{name} ({inside[0]} matches "
            f"{' or '.join(patterns)}): write `results:` with a folder outside of your batches."
        )


def per_batch(at, written, batch):
    """The path that a text such as `boxes/{batch}.json` means for `batch`. at: its key. Raises ConfigError."""
    if found := re.search(r"\{[^}]*\}?|[}<>]", written.replace("{batch}", "")):
        raise ConfigError(
            f"{at} is {written!r}: {found[0]} means nothing there; write {{batch}} where the name of the batch belongs."
        )
    return at_home(written.replace("{batch}", batch))


def _with_parents(folder):
    """`folder` and all that it lies in, from the inside."""
    found = [folder]
    while os.path.dirname(found[-1]) not in ("", found[-1]):
        found.append(os.path.dirname(found[-1]))
    return found


def _matches(folder, pattern):
    """Whether the absolute `folder` is one that glob would find for `pattern`, were it there."""
    parts = os.path.abspath(at_home(pattern)).split("/")
    own = folder.split("/")
    hidden = any(name.startswith(".") and not part.startswith(".") for name, part in zip(own, parts, strict=False))
    return len(parts) == len(own) and not hidden and all(map(fnmatch.fnmatchcase, own, parts))
