import torch

from pugmark.learning import colours, transforms


def test_colours_are_those_that_the_network_learned_with():
    pixels = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in colours.CLIP)
    found = colours.Restated(*colours.CLIP)(transforms.normalise(pixels))
    torch.testing.assert_close(found, (pixels / 255 - mean) / std)
