"""The words of the field that the report uses, each in a sentence or two."""

from markupsafe import Markup

WORDS = {
    "accuracy": "Share of the crops in the right group, once clusters and names are matched one to one as well as "
    "possible. Noise counts as wrong.",
    "AMI": "Adjusted mutual information of clusters and names: 100 where they agree, 0 where they agree by chance.",
    "ARI": "Adjusted Rand index of clusters and names, over pairs of crops: 100 where they agree, 0 by chance.",
    "AUROC new": "How well the similarity of the nearest picture tells known animals from new ones. 50 is chance.",
    "BAKS": "Balanced accuracy on known samples: the share of pictures of known animals that get the right name, "
    "averaged over the animals.",
    "BAUS": "Balanced accuracy on unknown samples: the share of pictures of new animals that are called new, "
    "averaged over the animals.",
    "combined": "Share of the names that several animals bear. Combined animals make a population look too small.",
    "control": "A method that learns nothing, for comparison. A real method must beat it.",
    "cluster": "Crops that a method takes for one individual. Its number means nothing and changes from run to run.",
    "ECE": "Expected calibration error: how far stated probabilities are from what came true, averaged over pairs, "
    "which are put into bins of equal width. 0 is perfect.",
    "error of the count": "The number of names against the number of animals: +10 means a tenth too many.",
    "excluded": "Share of the encounters that bear no name.",
    "geometric mean of BAKS and BAUS": "The square root of BAKS times BAUS, by which AnimalCLEF 2025 ranked: good only "
    "where known animals are named and new ones are called new.",
    "ID-F1": "Share of the boxes of a video with the right identity; it weighs missed boxes and mix-ups over time.",
    "imagenet": "A network trained on everyday objects and not on animals' identities, used as it is.",
    "junk": "Pictures left out for a query, neither right nor wrong: the query itself, and what the protocol "
    "names, such as pictures of the same visit.",
    "mAP": "Mean average precision: for each query, how early its own animal's pictures come among its "
    "neighbours, averaged. 100 is perfect.",
    "mINP": "Mean inverse negative penalty: how far down the list the last right picture stands. 100 means that "
    "no wrong one comes before it.",
    "mmAP": "Mean of the mAP of animals met at one place and of those met at several.",
    "NIS": "Nested importance sampling: the number of animals, with an interval, from answers to drawn pairs, without "
    "names. Likely pairs are drawn more often. Where probabilities are poor it is too large.",
    "noise": "Crops that the clustering assigns to nobody.",
    "oracle": "A control that is told the answers. It must score 100; if it does not, the labels or the protocol "
    "are at fault.",
    "pixels": "A control that compares the pictures themselves, reduced to thumbnails.",
    "shifted": "Share of the encounters that bear the name of another animal while their own has one. The number of "
    "animals stays right, but not who was seen where.",
    "silhouette": "How much nearer the pictures of an animal are to each other than to those of the next animal, from "
    "-1 to 1. At 0 they are not apart.",
    "singletons": "Share of the names that one encounter alone bears. Many of them hint at animals counted twice.",
    "split": "Share of the animals that bear several names. Split animals make a population look too large.",
    "random": "A control that guesses. It must score chance.",
    "Rank-1": "Share of queries whose nearest neighbour is the same animal.",
    "Rank-5": "Share of queries with the same animal among the five nearest neighbours.",
    "visit": "All media of one trigger event, also called a sequence: pictures of one burst are nearly the same "
    "picture.",
}
_KNOWN = {word.lower(): word for word in WORDS}


def explained(word):
    """The word as <abbr> with its explanation where it has one; else the word. Escaped."""
    if word.lower() not in _KNOWN:
        return word
    return Markup('<abbr title="{}">{}</abbr>').format(WORDS[_KNOWN[word.lower()]], word)
