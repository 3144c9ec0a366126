"""One clear sentence for each mistake in config.yaml."""

import copy

import pytest
import yaml
from planning.cats import cats

from pugmark.planning import configuration
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


MISTAKES = {
    "top level: Unknown key 'detec': did you mean 'detect'?": {"detec": {}},
    "Unknown method 'pixles': did you mean 'pixels'?": {"methods": {"pixles": {}}},
    "Unknown setting of method resnet50 'epoch': did you mean 'epochs'?": {"methods": {"resnet50": {"epoch": 1}}},
    "methods is empty: name at least one.": {"methods": {}},
    "collections is empty: name at least one.": {"collections": {}},
    "Unknown key 'pading': did you mean 'padding'?": {"crop": {"pading": 1}},
    "crop.padding is 'wide': write a number": {"crop": {"padding": "wide"}},
    "seeds is 3: write a list, such as [a, b] (Every method runs once with each).": {"seeds": 3},
    "seeds is empty: name at least one.": {"seeds": []},
    "methods is [pixels]: write lines of `key: value` (": {"methods": ["pixels"]},
    "collections.x: give either `batches`": {"collections": {"x": {}}},
    "Unknown key 'batch': did you mean 'batches'?": {"collections": {"x": {"batch": "y"}}},
    "no folder matches /nowhere/*": {"collections": {"x": {"batches": "/nowhere/*"}}},
    "mask.policy: Unknown word 'grabcat': did you mean 'grabcut'?": {"mask": {"policy": "grabcat"}},
    "mask lacks `isnet`: write it beside the others (this policy needs IS-Net's weights": {
        "mask": {"policy": "union_iou", "sam": "sam_vit_b"}
    },
    "Unknown detector 'wholee': did you mean 'whole'?": {"detect": {"name": "wholee"}},
    "collections: YAML takes the name 2024 for something else than a word": {"collections": {2024: {"batches": "x"}}},
    "collections: '..' cannot be a name.": {"collections": {"..": {"batches": "x"}}},
    "collections: '.' cannot be a name.": {"collections": {".": {"batches": "x"}}},
    "collections: 'a\\n' cannot be a name.": {"collections": {"a\n": {"batches": "x"}}},
    "collections: 'Weights' is the name of a folder": {"collections": {"Weights": {"batches": "x"}}},
    "collections: 'benchmarks' is the name of a folder": {"collections": {"benchmarks": {"batches": "x"}}},
    "collections: rename aaaaaaaaaaaaaaaaaaaaa: its name ends in 'a' twenty": {
        "collections": {"a" * 21: {"batches": "x"}}
    },
    "methods: '-x' cannot be a name.": {"methods": {"-x": {"method": "random"}}},
    "methods: YAML takes the name true": {"methods": {True: {"method": "random"}}},
    "methods.mine: YAML takes the name 1 ": {"methods": {"mine": {"method": "random", 1: 2}}},
    "seeds holds 1 twice: name each once.": {"seeds": [1, 1]},
    "methods.random.seeds holds 4 twice": {"methods": {"random": {"seeds": [4, 4]}}},
    "seeds.0 is 1.0: write a whole number": {"seeds": [1.0]},
    "crop.padding is .nan: write a number": {"crop": {"padding": float("nan")}},
    "crop.padding is '1e-3': write a number, at least 0; in YAML write 0.001 (": {"crop": {"padding": "1e-3"}},
    "results is null: write a word": {"results": None},
    "identify.withhold.0 is 2024: write a word; YAML reads what you wrote as a number": {
        "identify": {"withhold": [2024]}
    },
    "identify.withhold.1 is 2024-05-01: write a word; YAML reads what": yaml.safe_load(
        "identify: {withhold: [a, 2024-05-01]}"
    ),
    "identify.withhold.0 is 202405: write a word; YAML reads": yaml.safe_load("identify: {withhold: [2024_05]}"),
    "train_on is true: write a word or null; YAML reads what you wrote as a number": {
        "collections": {"cats": {"batches": "x", "train_on": True}}
    },
    "ingest.timezone: there is no zone 'Europe/Berln'; did you mean Europe/Berlin?": {
        "ingest": {"timezone": "Europe/Berln"}
    },
    "weights.files.net.sha256 cannot be 'xyz': Checksum, 64 hex": {"weights": {"files": {"net": {"sha256": "xyz"}}}},
    "weights.files.net.url cannot be 'file:///etc/passwd'": {
        "weights": {"files": {"net": {"url": "file:///etc/passwd"}}}
    },
    "weights.files.net.file cannot be '../net.pt'": {"weights": {"files": {"net": {"file": "../net.pt"}}}},
    "weights.files.net lacks `file`": {"weights": {"files": {"net": {"sha256": "a" * 64}}}},
    "evaluate.protocols.p lacks `window`": {"evaluate": {"protocols": {"p": {"junk": "same_sequence_window"}}}},
    "Unknown word 'strict_cros': did you mean 'strict_cross'?": {
        "evaluate": {"protocols": {"p": {"junk": "strict_cros"}}}
    },
    "detect.threshold is 'high': write a number, above 0": {"detect": {"name": "motion", "threshold": "high"}},
    "detect.weights is [a]: write a word": {"detect": {"name": "ultralytics", "weights": ["a"]}},
    "detect.weights: Unknown weights 'larch'": {"detect": {"name": "ultralytics", "weights": "larch"}},
    "detect.classes is {ox: cow}: write lines of `name: value`, each": {
        "detect": {"name": "ultralytics", "classes": {"ox": "cow"}}
    },
    "detect: Unknown setting of detector boxes 'labels'": {"detect": {"name": "boxes", "labels": "none"}},
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_each_mistake_is_one_clear_sentence(config, sentence):
    changed = copy.deepcopy(config) | MISTAKES[sentence]
    if "detect" in MISTAKES[sentence]:
        del changed["collections"]["cats"]["detect"]
    with pytest.raises(ConfigError) as error:
        Plan(changed)
    assert sentence in str(error.value)


def test_a_mistake_in_a_collections_own_section_names_the_collection(config):
    config["collections"]["cats"]["crop"] = {"padding": "wide"}
    with pytest.raises(ConfigError, match=r"collections\.cats\.crop\.padding is 'wide': write a number"):
        Plan(config)


def test_an_unknown_setting_of_a_detector_is_refused(config):
    config["collections"]["cats"]["detect"] = {"name": "motion", "min_aera": 3}
    with pytest.raises(ConfigError, match="setting of detector motion 'min_aera': did you mean 'min_area'"):
        Plan(config)


def test_every_key_of_the_schema_is_described():
    schema = yaml.safe_load(configuration.SCHEMA.read_text())

    def undescribed(spec, path=""):
        for key, inner in spec.get("properties", {}).items():
            if "$ref" not in inner and "description" not in inner and "properties" not in inner:
                yield f"{path}.{key}"
            yield from undescribed(inner, f"{path}.{key}")

    assert not [*undescribed(schema), *(key for d in schema["$defs"].values() for key in undescribed(d))]


@pytest.mark.parametrize("key, value", [("batches", "two"), ("batches", 1.5), ("batches", 0), ("individuals", 0)])
def test_settings_of_a_drawn_survey_are_checked_as_those_of_methods_are(config, key, value):
    config["collections"] = {"drawn": {"synthetic": {key: value}}}
    with pytest.raises(
        ConfigError, match=rf"^collections\.drawn\.synthetic\.{key} is .*: write a whole number, at least 1"
    ):
        Plan(config)


def test_an_unknown_setting_of_a_drawn_survey_is_refused(config):
    config["collections"] = {"drawn": {"synthetic": {"sead": 3}}}
    with pytest.raises(ConfigError, match="setting of a drawn survey 'sead': did you mean 'seed'"):
        Plan(config)


@pytest.mark.parametrize("text", ["{Batch}.csv", "{}.csv", "{batch.csv", "batch}.csv", "a<batch>.csv", "{batch!x}"])
@pytest.mark.parametrize("key", ["labels", "detect"])
def test_only_the_batchs_name_stands_in_braces(config, key, text):
    more = {"name": "megadetector_json"} if key == "detect" else {}
    config["collections"]["cats"][key] = {"file": text} | more
    with pytest.raises(
        ConfigError, match=rf"collections\.cats\.{key}\.file is .* means nothing there; write {{batch}}"
    ):
        Plan(config)


@pytest.mark.parametrize("key", ["labels", "detect"])
def test_a_file_beside_the_batches_that_is_not_there_is_said(config, key, tmp_path):
    more = {"name": "megadetector_json"} if key == "detect" else {}
    config["collections"]["cats"][key] = {"file": f"{tmp_path}/{{batch}}.csv"} | more
    (tmp_path / "2024-05.csv").touch()
    with pytest.raises(
        ConfigError, match=rf"collections\.cats\.{key}\.file: batch 2024-06 has no file .*/2024-06\.csv"
    ):
        Plan(config)


def test_a_class_of_published_data_sets_that_does_not_exist_is_refused(config):
    config["collections"]["cats"]["labels"] = {"dataset": "LeopardId2022"}
    with pytest.raises(ConfigError, match=r"labels\.dataset: .*'LeopardId2022': did you mean 'LeopardID2022'"):
        Plan(config)


def test_models_come_from_a_collection_that_trains_them(config):
    config["collections"]["kittens"] = {**config["collections"]["cats"], "train_on": "cats"}
    config["collections"]["cats"]["methods"] = ["random"]
    with pytest.raises(ConfigError, match=r"collections\.kittens\.train_on: cats does not run pixels: name it in"):
        Plan(copy.deepcopy(config))
    config["collections"]["lions"] = {**config["collections"]["cats"], "train_on": "kittens"}
    with pytest.raises(ConfigError, match=r"lions\.train_on: kittens itself uses the models of cats: write cats"):
        Plan(config)


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("methods: {a: {}, b: {}}\nlist:\n  - {x: 1}\n  - {x: 2}\nseeds: [1]\n")
    configuration.check_repeated([path])
    path.write_text("methods: {a: {}}\nseeds: [1]\nmethods: {b: {}}\n")
    with pytest.raises(ConfigError, match=r"config.yaml, line 3: 'methods' stands in line 1 already"):
        configuration.check_repeated([path])
    path.write_text("collections:\n  cats:\n    batches: a\n    batches: b\n")
    with pytest.raises(ConfigError, match=r"line 4: 'batches' stands in line 3"):
        configuration.check_repeated([path])
    path.write_text("methods: {a: {}, a: {}}")
    with pytest.raises(ConfigError, match=r"line 1: 'a' stands in line 1 already"):
        configuration.check_repeated([path])
    path.write_text("")
    configuration.check_repeated([path])
