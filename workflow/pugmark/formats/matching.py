"""Which media of a batch the paths in a detector's results name.

The detector may have run above the batch folder (`D:/survey/july/S1/a.jpg`), in it (`S1/a.jpg`) or below it, and files
may have moved since. Every camera uses the same file names, so the names of folders must confirm a path: the batch's
own, or those below it that name places. A bare file name counts where the results belong to the batch alone:
they lie in it or bear its name. A path that fits several media, or shares one with another path, is left out.
"""

import functools
import os
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from pugmark.formats import places, results, text

# What speaks for a match, the surest last: the file name alone; the media's folders, in a batch of another name; the
# path's folders, moved below others; the batch's own name; the way from the results to the media.
_BARE, _ABOVE, _BELOW, _NAMED, _EXACT = range(1, 6)


class _Match(NamedTuple):
    level: int
    agree: int  # folders above the media's path that are the batch's own
    strays: bool  # the path begins in folders that are not those above the batch
    file: str
    target: tuple


def matched(files, media, batch, source):
    """Match `files`, the paths in the results at `source`, with `media`, the paths in the folder `batch`.

    Returns {file: (media path, frame number or None)} and the list of files left out as unclear.
    """
    place, by_name, found = _place(batch, source, media), defaultdict(list), []
    for path in media:
        parts = tuple(text.path(path).split("/"))
        if place.base is None or parts[: len(place.base)] == place.base:
            by_name[parts[-1]].append((parts, path))
    for file in dict.fromkeys(files):
        said, number = tuple(file.split("/")), None
        if said[-1] not in by_name and (frame := results.frame_file(file)):
            said, number = tuple(frame[0].split("/")), frame[1]
        for parts, path in by_name[said[-1]]:
            found += [_Match(*rank, file, (path, number)) for rank in _ranks(said, parts, place)]
    return _one_to_one(_credible(found))


@dataclass(frozen=True)
class _Place:
    folder: tuple  # parts of the batch folder's absolute path
    names: frozenset  # names of the batch folder: one that is a link has two
    base: tuple | None  # folders from the batch to results that are its own; None where they are not

    def agreement(self, above):
        """How many of the last folders of `above` are the batch folder and those above it."""
        same = [theirs == ours for theirs, ours in zip(reversed(above), reversed(self.folder), strict=False)]
        same[:1] = [above[-1] in self.names]
        return same.index(False) if False in same else len(same)

    @functools.cache  # noqa: B019, a batch is matched once
    def is_another(self, above, agree):
        """Whether `above`, whose last `agree` folders are the batch's, leads through another folder that is there."""
        first = above[: len(above) - agree]
        if above[0] == "" or above[0].endswith(":"):
            # A whole path with the batch's name in it may be where the batch was copied from.
            return not agree and os.path.isdir("/".join(first))
        return len(above) < len(self.folder) and os.path.isdir("/".join(self.folder[: -len(above)] + first))


def _place(batch, source, media):
    given, real = os.path.abspath(batch), os.path.realpath(batch)
    names = frozenset(text.path(os.path.basename(path)) for path in (given, real))
    return _Place(tuple(text.path(given).split("/")), names, _base(given, os.path.abspath(source), names, media))


def _base(batch, source, names, media):
    folder, file = (text.path(part) for part in os.path.split(source))
    if not source.startswith(f"{batch}/"):
        borne = any(re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", file) for name in names)
        return () if borne or folder.rpartition("/")[2] in names else None
    parts = tuple(text.path(os.path.relpath(source, batch)).split("/")[:-1])
    # A folder for results alone: they speak from the one above it.
    while parts and not any(text.path(path).startswith("/".join(parts) + "/") for path in media):
        parts = parts[:-1]
    return parts


def _ranks(said, parts, place):
    """The (level, agree, strays) of every way in which the path `said` may be the media `parts`."""
    own = place.base is not None
    if own and place.base + said == parts:
        yield _EXACT, 0, False
    if _ends(parts, said) and (own or _has_place(said)):
        yield _BELOW if len(said) > 1 else _BARE, 0, False
    for start in range(1, len(said)):
        above, within = said[:start], said[start:]
        agree = place.agreement(above)
        if not _ends(parts, within) or (agree < start and place.is_another(above, agree)):
            continue
        if not all(map(places.is_everywhere, above[start - agree :])):
            yield _NAMED if within == parts else _BELOW, agree, agree < start
        elif within == parts and (_has_place(parts) or (own and len(parts) > 1)):
            yield _ABOVE, agree, True


def _has_place(parts):
    return bool(places.folders("/".join(parts)))


def _ends(parts, last):
    return parts[-len(last) :] == last


def _credible(matches):
    """The matches that no surer one contradicts."""
    level = max((match.level for match in matches), default=0)
    agree = max((match.agree for match in matches), default=0)
    return [
        match for match in matches if match.level >= min(level, _BELOW) and (match.agree == agree or not match.strays)
    ]


def _one_to_one(matches):
    """({file: target}, [unclear files]): of each file and each target the surest match, if there is but one."""
    clear, twofold = _surest(matches, "file")
    clear, shared = _surest(clear, "target")
    unclear = twofold + shared
    if unclear and all(match.level == _ABOVE for match in matches):
        clear, unclear = [], matches
    return {match.file: match.target for match in clear}, sorted({match.file for match in unclear})


def _surest(matches, key):
    groups, clear, ties = defaultdict(list), [], []
    for match in matches:
        groups[getattr(match, key)].append(match)
    for group in groups.values():
        best = max(match[:2] for match in group)
        first = [match for match in group if match[:2] == best]
        (clear if len(first) == 1 else ties).extend(first)
    return clear, ties
