"""People and vehicles are known by any usual name."""

import pytest

from pugmark.formats import classes

PEOPLE = """person persons Human humans HUMAN people Homo_sapiens hiker hikers field-staff researcher pedestrian
    pedestrians mensch Personas Niños pessoas piéton PIETON Fußgänger человек 人 Homo.sapiens.sapiens women"""
VEHICLES = "vehicle Vehicles car cars truck motorbike motorcycles bicycle Bus buses vehículos véhicule bateau 4x4"
ANIMALS = (
    "animal ocelot boat-tailed_grackle fisher mouse cat non-human_primate non-human homonota jaeger carnivore unknown"
)


@pytest.mark.parametrize(("names", "label"), [(PEOPLE, "person"), (VEHICLES, "vehicle"), (ANIMALS, "animal")])
def test_single_names(names, label):
    assert {name: classes.label(name) for name in names.split()} == dict.fromkeys(names.split(), label)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *((" Homo sapiens ", "person"), ("human - walking", "person"), ("person on bike", "person")),
        *(("hiker with dog", "person"), ("person/vehicle", "person"), ("field staff", "person")),
        *(("a1;mammalia;primates;hominidae;homo;sapiens;human", "person"), ("vehicle (truck)", "vehicle")),
        *(("Set up", "person"), ("black bear", "animal"), ("person_with_dog", "person")),
        *(("blank", None), ("Empty", None), ("no animals", None), ("False_trigger", None)),
    ],
)
def test_longer_names(name, label):
    assert classes.label(name) == label


def test_the_users_word_goes_before_the_table():
    chosen = {"Field_Staff": "animal", "rock": None, "dog": "person"}
    assert [classes.label(name, chosen) for name in ("field staff", "Rock", "dogs", "dog", "human")] == [
        *("animal", None, "animal", "person", "person")
    ]
