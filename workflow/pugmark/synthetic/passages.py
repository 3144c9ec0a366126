"""Turn a visit into frames: where each animal or person walks, and in which pose."""

from dataclasses import replace

from pugmark.synthetic import camera, scenes
from pugmark.synthetic.animals import draw_animal, random_pose
from pugmark.synthetic.coats import SIDES, coat
from pugmark.synthetic.frames import Actor, draw_frame
from pugmark.synthetic.people import draw_person

VISIBLE = 0.12  # an animal counts as seen if at least this share of it is visible


def film(visit, settings, rng):
    """Yield each frame of the visit, one second apart, as (picture, animals).

    picture: uint8 H x W x 3. animals: those seen, a list of (individual, viewpoint, bool mask H x W).
    """
    size = settings["width"], settings["height"]
    view = scenes.station(settings["seed"], visit.station, *size)
    light = camera.random_light(rng, visit.night, *size)
    walkers = [_animal(settings["seed"], member, visit.night, rng) for member in visit.cast]
    walkers += [_person(SIDES[rng.integers(2)], visit.night, rng) for _ in range(visit.people)]
    walks = [_walk(view, rng, place, len(walkers)) for place in range(len(walkers))]
    for frame in range(settings["burst"]):
        time = frame - (settings["burst"] - 1) / 2
        actors = [_actor(walker, walk, time) for walker, walk in zip(walkers, walks, strict=True)]
        picture, masks = draw_frame(view, light, actors, rng)
        shares = [mask.sum() / actor.figure.alpha.sum() for mask, actor in zip(masks, actors, strict=True)]
        animals = zip(visit.cast, masks[: len(visit.cast)], shares[: len(visit.cast)], strict=True)
        yield picture, [(*member, mask) for member, mask, share in animals if share >= VISIBLE]


def _animal(seed, member, night, rng):
    """(viewpoint, function of time, pixels per body length and pace that draws the animal)."""
    individual, side = member
    sheet, start, nods = coat(seed, individual, side), random_pose(rng), rng.normal(0, 0.15)

    def picture(time, scale, pace):
        pose = replace(start, phase=start.phase + 1.3 * pace / start.stride * time, neck=start.neck + nods * time)
        return draw_animal(sheet, pose, scale, side, night)

    return side, picture


def _person(side, night, rng):
    start, dress = rng.uniform(), rng.permutation(3)
    return side, lambda time, scale, pace: draw_person(dress, start + pace * time, scale, side, night)


def _walk(view, rng, place, company):
    """(row, pixels per body length, column at time 0, body lengths per second). Companions walk at different depths."""
    width = view.leafy.shape[1]
    row, scale = view.ground((place + rng.uniform(0.1, 0.9)) / company)
    return row, scale * rng.uniform(0.95, 1.05), rng.uniform(0.25, 0.75) * width, rng.uniform(0.05, 0.45)


def _actor(walker, walk, time):
    side, picture = walker
    row, scale, column, pace = walk
    heading = 1 if side == "right" else -1
    return Actor(picture(time, scale, pace), column + heading * pace * scale * time, row)
