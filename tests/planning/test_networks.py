"""Networks are known by the libraries' files as the libraries know them."""

import pytest

from pugmark.planning import networks


def listed(family):
    """The names that the library itself lists."""
    if family == "timm/":
        import timm

        return timm.list_models()
    if family == "open_clip/":
        import open_clip

        return [name for name in open_clip.list_models() if not name.startswith("tiny-")]  # those the tests made
    import torchvision

    return torchvision.models.list_models(torchvision.models)


@pytest.mark.parametrize("family", ["", "timm/", "open_clip/"])
def test_whatever_a_library_lists_is_known(family):
    names = listed(family)
    assert len(names) > 50 and [name for name in names if networks.fault(family + name)] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet19", "torchvision has no network 'resnet19': did you mean 'resnet18'?"),
        ("timm/resnet5o", "timm has no network 'resnet5o': did you mean 'resnet50'?"),
        ("open_clip/ViT-B-33", "open_clip has no network 'ViT-B-33': did you mean 'ViT-B-32'?"),
        ("qqqq", "torchvision has no network 'qqqq'; see its list of models."),
        ("keras/resnet50", "Unknown backbone 'keras/resnet50': write a torchvision name, timm/NAME or open_clip/NAME."),
        ("", "torchvision has no network ''; see its list of models."),
        (None, "torchvision has no network ''; see its list of models."),
    ],
)
def test_others_are_refused_with_a_hint(name, said):
    assert networks.fault(name).startswith(said)


def test_a_tag_of_timm_and_a_library_that_is_not_here_pass(monkeypatch):
    assert networks.fault("timm/resnet50.a1_in1k") is None
    monkeypatch.setattr(networks, "_known", lambda *library: None)
    assert networks.fault("resnet19") is None
