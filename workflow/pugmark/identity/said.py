"""What the ledger says of the encounters that are there now.

An encounter is called after its first crop. Where that crop has gone (boxes or times have changed), the encounter is
found again by the pictures that the person was shown, if it alone shows them. Answers on nothing are told; they stay
in the ledger and count again when their pictures come back.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from pugmark.identity import ledger


@dataclass
class Said:
    """same: pairs of encounters, in order of time. different, unsure, disputed: sets of pairs, each a frozenset of two
    encounters; reviewers disagree on the disputed ones. nobody: {encounter that bears no name: which of
    ledger.OF_NOBODY it is}. flanks, names: {encounter: what it is}. renames: pairs of an encounter and the new name of
    its animal, in order of time. told: sentences.
    """

    same: list = field(default_factory=list)
    different: set = field(default_factory=set)
    unsure: set = field(default_factory=set)
    disputed: set = field(default_factory=set)
    nobody: dict = field(default_factory=dict)
    flanks: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    renames: list = field(default_factory=list)
    told: list = field(default_factory=list)


def of(lines, rows):
    """The Said of Lines of the ledger. rows: DataFrame with crop_id, encounter and media_id."""
    said, found = Said(told=swaps(lines)[1]), _Finder(rows)
    answers, own = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for line in ledger.standing(lines):
        # A swap is of these very boxes: the same frames show other animals as well.
        media = ("", "") if line.answer in ledger.OF_SWAPS else (line.encounter_media, line.candidate_media)
        ends = [found.encounter(line.encounter, media[0])]
        ends += [found.encounter(line.candidate, media[1])] if line.candidate else []
        one, other = ends[0], ends[-1]
        if None in ends:
            subject = " and ".join(end or "an encounter that is gone" for end in ends)
            said.told.append(
                f"{line.where}: {line.reviewer} said {line.answer} of {subject}; it counts again when that comes back."
            )
        elif line.answer in ledger.OF_ONE:
            own[ledger.kind(line.answer)][one].append(line)
        elif line.answer in ledger.OF_PAIRS and one != other:
            answers[frozenset((one, other))].append(line)
        elif line.answer == "different":
            said.told.append(
                f"{line.where}: {line.reviewer} said that {one} shows two animals, but it is one encounter now."
            )
    _nobody(said, own)
    _pairs(said, answers)
    _single(said, own)
    return said


def swaps(lines):
    """([(frame number, crop, crop) from which two tracks are swapped], sentences about what reviewers disagree on).

    In order of frames; identity.swaps mends them. lines: Lines of the ledger.
    """
    moments, found, told = defaultdict(list), [], []
    for line in ledger.standing(lines):
        if line.answer in ledger.OF_SWAPS and line.answer != "perhaps swapped":
            moments[frozenset((line.encounter, line.candidate))].append(line)
    for moment, of_it in moments.items():
        opinions = {line.value if line.answer == "swapped" else None for line in of_it}
        if len(opinions) > 1:
            told.append(_disagreement(" and ".join(sorted(moment)), of_it, "answer", "value"))
        elif None not in opinions:
            found.append((int(opinions.pop()), *sorted(moment)))
    return sorted(found), told


def opinions(lines, rows):
    """(reviewer, encounter, encounter, answer) of each Line that counts and compares two encounters that are there.

    rows: as of `of`.
    """
    found = _Finder(rows)
    for line in ledger.standing(lines):
        if line.answer in ledger.OF_PAIRS:
            one = found.encounter(line.encounter, line.encounter_media)
            other = found.encounter(line.candidate, line.candidate_media)
            if None not in (one, other) and one != other:
                yield line.reviewer, one, other, line.answer


def _nobody(said, own):
    """Take down who has no name. What else people said of it stands, so that no merge and no other name changes."""
    for one, lines in own[ledger.OF_NOBODY].items():
        agreed, reviewers = len({line.answer for line in lines}) == 1, {line.reviewer for line in lines}
        said.nobody[one] = lines[0].answer if agreed else ledger.UNIDENTIFIABLE
        if not agreed:  # it has no name either way, and remains a sighting
            said.told.append(_disagreement(one, lines, "answer", meanwhile="it counts as unidentifiable"))
        if named := [line for line in own["name"].get(one, []) if line.reviewer not in reviewers]:
            said.told.append(_disagreement(one, [*named, *lines], "answer", "value", meanwhile="it bears no name"))


def _pairs(said, answers):
    for pair, lines in answers.items():
        opinions = {line.answer for line in lines} - {"unsure"}
        if len(opinions) > 1:
            said.disputed.add(pair)
            said.told.append(_disagreement(" and ".join(sorted(pair)), lines, "answer"))
        elif opinions == {"same"}:
            said.same.append((min(ledger.moment(line.time) for line in lines), *sorted(pair)))
        else:
            (said.different if opinions else said.unsure).add(pair)
    said.same = [tuple(pair) for _, *pair in sorted(said.same)]


def _single(said, own):
    for answer, facts in (("flank", said.flanks), ("name", said.names)):
        for one, lines in own[answer].items():
            values = {line.value.strip() for line in lines}
            if len(values) == 1:
                facts[one] = values.pop()
            else:
                said.told.append(_disagreement(f"the {answer} of {one}", lines, "value"))
    renames = [(line, one) for one, lines in own["rename"].items() for line in lines]
    every = sorted((ledger.moment(line.time), one, line.value.strip()) for line, one in renames)
    said.renames = [(one, name) for _, one, name in every]


def _disagreement(subject, lines, *told, meanwhile="nothing follows"):
    """A sentence about Lines that contradict one another. told: the columns that say so."""
    words = [" ".join(getattr(line, name) for name in told).strip() for line in lines]
    who = ", ".join(f"{line.reviewer} says {said}" for line, said in zip(lines, words, strict=True))
    return f"Of {subject}, {who}: {meanwhile} until they agree."


class _Finder:
    """Finds the encounters that a ledger names."""

    def __init__(self, rows):
        self.of_crop = dict(zip(rows["crop_id"], rows["encounter"], strict=True))
        self.of_media = None
        self.rows = rows

    def encounter(self, name, media):
        """The encounter that holds the crop `name`, else the only one with any picture of `media`; None without."""
        if name in self.of_crop:
            return self.of_crop[name]
        if self.of_media is None:
            self.of_media = self.rows.groupby("media_id")["encounter"].agg(set)
        places = [self.of_media[one] for one in media.split() if one in self.of_media]
        found = set().union(*places)
        return found.pop() if len(found) == 1 else None
