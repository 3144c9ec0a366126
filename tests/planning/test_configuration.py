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
    "methods is ['pixels']: write lines of `key: value` (": {"methods": ["pixels"]},
    "collections.x: give either `batches`": {"collections": {"x": {}}},
    "Unknown key 'batch': did you mean 'batches'?": {"collections": {"x": {"batch": "y"}}},
    "no folder matches /nowhere/*": {"collections": {"x": {"batches": "/nowhere/*"}}},
    "mask.policy: Unknown word 'grabcat': did you mean 'grabcut'?": {"mask": {"policy": "grabcat"}},
    "mask: 'isnet' is a required property": {"mask": {"policy": "union_iou", "sam": "sam_vit_b"}},
    "Unknown detector 'wholee': did you mean 'whole'?": {"detect": {"name": "wholee"}},
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
