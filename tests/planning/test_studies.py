"""Studies: what a grid in the configuration amounts to, and the ready-made ones."""

import copy

import pytest
from jsonschema import Draft202012Validator

from pugmark import methods
from pugmark.planning import configuration, studies
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan
from pugmark.planning.runs import VIEWS

GRID = {"padding": {"none": {"padding": 0}, "wide": {"padding": 20}}, "lr": [0.1, 0.05]}


@pytest.fixture
def config(tmp_path):
    """Two collections and one study of four cells with two seeds."""
    for name in ("cats", "dogs"):
        (tmp_path / name / "day").mkdir(parents=True)
    return {
        "results": str(tmp_path / "results"),
        "collections": {
            name: {"batches": f"{tmp_path}/{name}/*", "detect": {"name": "whole"}} for name in ("cats", "dogs")
        },
        "methods": {"random": {}},
        "studies": {
            "rates": {"method": "resnet50", "settings": {"weights": None, "epochs": 2}, "seeds": [3, 4], "grid": GRID}
        },
    }


def labels(config, collection):
    return sorted({run.label for run in Plan(copy.deepcopy(config)).runs(collection)})


CELLS = ["rates.none-0.05", "rates.none-0.1", "rates.wide-0.05", "rates.wide-0.1"]


def test_each_cell_and_seed_is_an_ordinary_run(config):
    plan = Plan(config)
    runs = {run.name: run for run in plan.runs("cats")}
    assert sorted(runs) == ["random-s1", *(f"{cell}-s{seed}" for cell in CELLS for seed in (3, 4))]
    run = runs["rates.wide-0.05-s4"]
    assert (run.method, run.seed) == ("resnet50", 4)
    assert (run.params["padding"], run.params["lr"], run.params["epochs"]) == (20, 0.05, 2)
    assert run.params["dropout"] == 0.5


def test_a_cells_model_is_that_of_a_method_with_the_same_settings(config):
    same = {"method": "resnet50", "weights": None, "epochs": 2, "padding": 20, "lr": 0.05, "seeds": [4]}
    config["methods"]["same"] = same
    plan = Plan(config)
    one, other = plan.run("cats", "same-s4"), plan.run("cats", "rates.wide-0.05-s4")
    assert plan.models.training(one) == plan.models.training(other)


def test_a_study_runs_in_its_collections_alone_whatever_their_own_list_says(config):
    config["studies"]["rates"]["collections"] = ["cats"]
    config["collections"]["cats"]["methods"] = ["random"]
    assert labels(config, "cats") == ["random", *CELLS]
    assert labels(config, "dogs") == ["random"]


def test_a_collections_own_list_leaves_out_a_study_that_does_not_name_it(config):
    config["collections"]["cats"]["methods"] = ["random", "rates.none-0.1"]
    assert labels(config, "cats") == ["random", "rates.none-0.1"]
    assert labels(config, "dogs") == ["random", *CELLS]


def test_a_study_of_names_is_left_out_without_names_and_refused_where_it_asks_for_the_collection(config):
    config["collections"]["cats"]["labels"] = "none"
    assert labels(config, "cats") == ["random"]
    config["studies"]["rates"]["collections"] = ["cats"]
    with pytest.raises(ConfigError, match=r"collections\.cats: studies\.rates, cell none-0\.1 needs named individuals"):
        Plan(config)


def test_axes_name_their_values_and_the_report_is_told_of_them_in_order(config):
    study = Plan(config).config["studies"]["rates"]
    assert study["axes"] == [["padding", ["none", "wide"]], ["lr", ["0.1", "0.05"]]]
    assert study["cells"][1] == {"name": "rates.none-0.05", "cell": "none-0.05", "at": ["none", "0.05"]}
    assert (study["title"], study["metrics"], study["published"]) == ("rates", None, {})


@pytest.mark.parametrize(
    ("value", "words", "slug"),
    [
        (0.05, "0.05", "0.05"),
        (1e-05, "1e-05", "1e-05"),
        (True, "true", "true"),
        (None, "null", "null"),
        ([], "none", "none"),
        (["cluster", "instance"], "cluster, instance", "cluster_instance"),
        ("timm/resnet10t", "timm/resnet10t", "timm_resnet10t"),
        ("../..", "../..", ".._.."),
        ("é", "é", "none"),
    ],
)
def test_values_become_words_and_parts_of_file_names(value, words, slug):
    assert studies.text(value) == words
    assert studies.slug(words) == slug


MISTAKES = {
    "studies.s: Unknown key 'grids': did you mean 'grid'?": {"grids": {}},
    "studies.s.like: Unknown ready-made study 'fancl_loses': did you mean 'fancl_losses'?": {"like": "fancl_loses"},
    "studies.s.collections: Unknown collection 'cast': did you mean 'cats'?": {"collections": ["cast"]},
    "studies.s: write `grid:` with an axis of settings": {"grid": None},
    "studies.s.grid.lr: a value is listed twice: remove one.": {"grid": {"lr": [0.1, 0.1]}},
    "studies.s.grid: two cells are called a_b": {"grid": {"x": {"a b": {}, "a_b": {}}}},
    "studies.s: cell 0.1 has no method": {"method": None},
    "studies.s: write `seeds` beside `grid`": {"settings": {"seeds": [1]}},
    "studies.s.metrics.0: Unknown word 'rank11': did you mean 'rank1'?": {"metrics": ["rank11"]},
    "studies.s, cell 0.1: Unknown setting of method resnet50 'epoch': did you mean 'epochs'?": {
        "settings": {"epoch": 1}
    },
    "studies.s, cell a: Unknown method 'resnet5': did you mean 'resnet50'?": {
        "grid": {"x": {"a": {"method": "resnet5"}}}
    },
    "studies.s.grid.lr is 0.1: write lines of `key: value` or a list, such as [a, b]": {"grid": {"lr": 0.1}},
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_each_mistake_is_one_clear_sentence(config, sentence):
    study = {"method": "resnet50", "settings": {"weights": None}, "grid": {"lr": [0.1]}} | MISTAKES[sentence]
    config["studies"] = {"s": {key: value for key, value in study.items() if value is not None}}
    with pytest.raises(ConfigError) as error:
        Plan(config)
    assert sentence in str(error.value)


def test_a_name_that_is_a_cells_as_well_is_refused(config):
    config["methods"]["rates.none-0.1"] = {"method": "pixels"}
    with pytest.raises(ConfigError, match=r"methods\.rates\.none-0\.1: study rates has a cell of this name"):
        Plan(config)


def test_a_list_may_not_ask_for_a_study_of_other_collections(config):
    config["studies"]["rates"]["collections"] = ["cats"]
    config["collections"]["dogs"]["methods"] = ["rates.none-0.1"]
    with pytest.raises(ConfigError, match=r"collections\.dogs\.methods: rates\.none-0\.1 is a cell .* cats only"):
        Plan(config)


def test_methods_and_cells_are_explained_by_name(config):
    config["explain"] = {"methods": ["rates.wide-0.05", "contrast"]}
    config["studies"]["rates"]["method"] = "cluster_contrast"
    config["methods"]["contrast"] = {"method": "cluster_contrast", "weights": None}
    config["collections"]["dogs"]["methods"] = ["random"]
    plan = Plan(config)
    assert [run.name for run in plan.explained("cats")] == ["contrast-s1", "rates.wide-0.05-s3", "rates.wide-0.05-s4"]
    assert plan.explained("dogs") == [] and plan.config["explain"]["crops"] == 8


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("random", "explain.methods: random cannot be explained: method random offers no network."),
        ("radnom", "explain.methods: Unknown method 'radnom': did you mean 'random'?"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_sentence(config, label, sentence):
    config["explain"] = {"methods": [label]}
    with pytest.raises(ConfigError, match=sentence.replace("?", r"\?")):
        Plan(config)


def expanded(**study):
    """What the study `mine` amounts to, without looking at the methods: (study, its entries of `methods`)."""
    config = {"collections": {"x": {"batches": "*"}}, "methods": {"random": {}}, "studies": {"mine": study}}
    made = studies.expand(configuration.complete(config))
    return made["studies"]["mine"], {name: made["methods"][name] for name in made["methods"] if name != "random"}


def test_a_ready_made_study_is_overridden_key_by_key():
    study, entries = expanded(like="fancl_noise", settings={"epochs": 4}, grid={"area": [0.0, 0.1]}, title="Mine")
    assert sorted(entries) == ["mine.0.0-bn1", "mine.0.0-conv1", "mine.0.1-bn1", "mine.0.1-conv1"]
    assert entries["mine.0.1-bn1"] == {"method": "fancl", "epochs": 4, "area": 0.1, "layer": "bn1"}
    assert study["title"] == "Mine" and study["source"].endswith("Fig. 3")


@pytest.mark.parametrize("name", studies.ready_made())
def test_ready_made_studies_are_of_the_schema_and_publish_for_their_cells(name):
    given = configuration.read_yaml(studies.ready_made()[name])
    schema = configuration.schema()
    Draft202012Validator({**schema["$defs"]["study"], "$defs": schema["$defs"]}).validate(given)
    study, _ = expanded(like=name)
    assert study["source"] and study["title"] != "mine"
    cells = {cell["cell"] for cell in study["cells"]}
    for figures in study["published"].values():
        # A network without a weight file here, a method that needs joints, and one whose code is closed.
        absent = ("convnextv2", "ppgnet", "pcn_rerp")
        assert {cell for cell in figures if not any(name in cell for name in absent)} <= cells
        numbers = [
            value[0] if isinstance(value, list) else value for cell in figures.values() for value in cell.values()
        ]
        assert all(0 < number < 4 for number in numbers)
    known = set(schema["$defs"]["study"]["properties"]["metrics"]["items"]["enum"]) | {"memory_gb"}
    assert {metric for figures in study["published"].values() for cell in figures.values() for metric in cell} <= known


@pytest.mark.parametrize("name", studies.ready_made())
def test_ready_made_studies_fit_the_methods(name):
    for label, settings in expanded(like=name)[1].items():
        settings = {key: value for key, value in settings.items() if key not in VIEWS}
        assert methods.resolve(settings.pop("method"), settings), label


def test_published_figures_of_ready_made_studies_are_those_of_the_papers():
    published = expanded(like="fancl_losses")[0]["published"]["red pandas"]
    assert [published[cell]["mAP"] for cell in ("none", "cluster", "instance", "both")] == [0.386, 0.393, 0.394, 0.416]
    published = expanded(like="video_losses")[0]["published"]
    assert published["8-Calves"]["bce-resnet18-full"] == {"accuracy": [0.981, 0.013], "memory_gb": 0.871}
    assert published["3D-POP sequence 11"]["supcon-resnet18-frozen"]["accuracy"] == [0.643, 0.047]
    published = expanded(like="care_words")[0]["published"]
    assert [published["lions"][cell]["mAP"] for cell in ("2", "4", "8", "16")] == [0.39, 0.403, 0.392, 0.392]
    assert published["lions"]["4"] == expanded(like="care_margin")[0]["published"]["lions"]["0.7"]
    published = expanded(like="masked_original")[0]["published"]
    assert published["ELPephants, trapezoidal AP"]["part_dve-masked"] == {"mAP": 0.243, "rank1": 0.387}


def test_the_cells_of_an_ablation_differ_in_what_they_leave_out():
    cells = expanded(like="part_dve_losses")[1]
    left = {name.partition(".")[2]: {key for key, value in one.items() if value == 0.0} for name, one in cells.items()}
    assert left["individual"] == {"circle_weight", "side_weight", "dve_weight"} and left["all"] == set()
    assert left["with_triplets"] == {"dve_weight"} and left["with_parts"] == set()
    assert {one["iterations"] for one in cells.values()} == {60}
    assert {name for name, one in cells.items() if "sampler" not in one} == {"mine.with_triplets", "mine.all"}
