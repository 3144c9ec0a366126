"""Encounters joined to animals, under what forbids it."""

import hashlib

LETTERS = 6
"""Hex digits of a name that the workflow gives; more where two would be called alike."""


class Animals:
    """Encounters joined to animals, a union-find whose roots are the oldest encounters.

    found: as of naming.encounters. different: pairs of encounters, frozensets, that are two animals.
    """

    def __init__(self, found, different=()):
        self.found, self.parent = found, list(range(len(found)))
        self.media = [set(media) for media in found["media"]]
        # Each name with the place of the encounter that bears it: the oldest one names an animal.
        self.called = [{name: at} if name else {} for at, name in enumerate(found["individual"])]
        self.apart = [set() for _ in self.parent]
        places = {name: at for at, name in enumerate(found.index)}
        for one, other in (sorted(places[name] for name in pair) for pair in different):
            self.apart[one].add(other)
            self.apart[other].add(one)

    def animal(self, at):
        """The number of the animal of encounter number `at`: that of its oldest encounter."""
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def are_apart(self, one, other):
        """Whether a person said that the animals of two encounters are two."""
        first, second = self.animal(one), self.animal(other)
        if not self.apart[first] or not self.apart[second]:
            return False
        first, second = sorted((first, second), key=lambda at: len(self.apart[at]))
        return any(self.animal(at) == second for at in self.apart[first])

    def join(self, one, other, why, by="score"):
        """Make two encounters one animal; or say in a list of one sentence why not.

        by: what says so. A person's `same` joins two names; a `score` joins no boxes of one picture; what is `certain`,
        or a person, does so, and that is said.
        """
        first, second = sorted((self.animal(one), self.animal(other)))
        if first == second:
            return []
        names, shared = (self.called[first], self.called[second]), self.media[first] & self.media[second]
        fault = "a person says that they are two animals" if self.are_apart(one, other) else ""
        if by != "person" and all(names) and not names[0].keys() & names[1].keys():
            fault = fault or f"they are named {' and '.join(sorted(names[0] | names[1]))}"
        if not fault and (by != "score" or not shared):
            self._unite(first, second)
        fault = fault or ("one picture shows both" if shared else "")
        return [f"{self.found.index[one]} and {self.found.index[other]} {why}, but {fault}."] if fault else []

    def _unite(self, first, second):
        self.parent[second] = first
        for name, at in self.called[second].items():
            self.called[first][name] = min(at, self.called[first].get(name, at))
        for held in (self.media, self.apart):
            held[first] |= held[second]
            held[second] = set()

    def oldest(self, name):
        """The number of the oldest animal that is called so."""
        return next(at for at in range(len(self.parent)) if self.animal(at) == at and name in self.called[at])

    def rename(self, at, name):
        """Call the animal of encounter number `at` so; or say in a list of one sentence why not."""
        animal = self.animal(at)
        others = {self.animal(other) for other in range(len(self.parent)) if name in self.called[self.animal(other)]}
        if others - {animal}:
            return [
                f"{self.found.index[at]} was to be called {name}, but another animal is: say that they are the same."
            ]
        self.called[animal] = {name: -1}
        return []

    def names(self):
        """What the animal of each encounter is called, a list."""
        animals = [self.animal(at) for at in range(len(self.parent))]
        called = {animal: self._first(animal) for animal in dict.fromkeys(animals)}
        taken = set().union(*self.called)
        for animal in called:
            called[animal] = called[animal] or self._new(animal, taken)
            taken.add(called[animal])
        return [called[animal] for animal in animals]

    def _first(self, animal):
        return min(self.called[animal], key=self.called[animal].get, default=None)

    def _new(self, animal, taken):
        digest = hashlib.sha256(self.found.index[animal].encode()).hexdigest().upper()
        return next(name for size in range(LETTERS, 65) if (name := f"A-{digest[:size]}") not in taken)
