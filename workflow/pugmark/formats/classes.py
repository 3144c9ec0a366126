"""What a class name means: an animal, a person, a vehicle, or nothing at all.

People are recorded and never cropped, so every detector and every package asks this one table. It ignores case,
accents, underscores and plurals. A name that it does not know is an animal; the detectors' setting `classes` says
otherwise.
"""

import re
import unicodedata

LABELS = ("animal", "person", "vehicle")
# Words that make a person of a longer name: "human - walking", "person on bike", "Homo sapiens sapiens".
_CORE = {"person", "people", "human", "pedestrian", "homo"}
_NOT = {"non", "no", "not"}
# What lies between the parts of a name for several things: "uuid;mammalia;...;human", "hiker with dog".
_BETWEEN = re.compile(r"[;,|/+&:()\[\]]|\b(?:and|with)\b")


def plain(name):
    """`name` in small letters, without accents; single spaces stand for underscores, dots and hyphens."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_.\-]+", " ", letters).strip()


def _table(text):
    return frozenset(plain(name) for name in text.split(","))


_PEOPLE = _table(
    "person, people, human, homo, homo sapiens, man, men, woman, women, child, children, boy, girl, pedestrian, "
    "hiker, walker, runner, jogger, cyclist, bicyclist, motorcyclist, biker, mountain biker, rider, horse rider, "
    "skier, climber, tourist, visitor, hunter, poacher, ranger, guard, soldier, farmer, herder, shepherd, "
    "fisherman, fishermen, logger, worker, villager, researcher, technician, surveyor, staff, crew, team, field "
    "staff, field crew, field team, park staff, setup, set up, setup pickup, camera setup, camera trapper, "
    "persona, humano, humana, gente, hombre, hombres, mujer, mujeres, niño, niña, peatón, peatones, senderista, "
    "cazador, cazadores, guardaparque, ciclista, turista, pessoa, homem, homens, mulher, mulheres, criança, "
    "caçador, pedestre, personne, humain, humaine, gens, homme, femme, enfant, piéton, randonneur, promeneur, "
    "chasseur, cycliste, mensch, menschen, personen, mann, frau, kind, fußgänger, wanderer, spaziergänger, jäger, "
    "förster, radfahrer, reiter, mens, mensen, persoon, voetganger, wandelaar, fietser, persone, umano, umani, "
    "uomo, uomini, donna, bambino, pedone, escursionista, cacciatore, människa, människor, menneske, mennesker, "
    "personer, człowiek, ludzie, osoba, osoby, člověk, lidé, ihminen, ihmiset, ember, emberek, insan, kişi, "
    "manusia, mtu, watu, binadamu, человек, люди, людина, 人, 人类, 人間, ヒト, 行人, 사람, मनुष्य, इंसान, إنسان, شخص"
)
_VEHICLES = _table(
    "vehicle, motor vehicle, car, truck, pickup, pickup truck, pick up truck, lorry, lorries, van, bus, minibus, "
    "jeep, suv, 4x4, atv, utv, quad, quad bike, motorbike, motorcycle, moped, scooter, bicycle, bike, tractor, "
    "trailer, excavator, bulldozer, train, tram, boat, ship, canoe, kayak, raft, snowmobile, helicopter, "
    "airplane, aeroplane, aircraft, vehículo, coche, carro, auto, camión, camiones, camioneta, moto, motocicleta, "
    "bicicleta, barco, lancha, veículo, caminhão, véhicule, voiture, camion, vélo, tracteur, bateau, fahrzeug, "
    "fahrzeuge, lkw, motorrad, fahrrad, traktor, boot, zug, voertuig, voertuigen, fiets, veicolo, veicoli, "
    "automobile, fordon, bil, kjøretøy, køretøj, pojazd, samochód, vozidlo, ajoneuvo, jármű, araç, kendaraan, "
    "gari, машина, автомобиль, транспорт, 车, 车辆, 汽车, 車, 車両, 차량"
)
_NOTHING = _table(
    "empty, blank, nothing, none, background, no animal, no cv result, no detection, false trigger, false "
    "positive, misfire, vacío, vazio, vide, leer, leeg, vuoto, пусто, 空"
)


def label(name, chosen=()):
    """`animal`, `person`, `vehicle` or None (nothing there) for the class name `name`.

    chosen: {name: one of these}, the user's own words, which go before the table.
    """
    wanted = {plain(key): value for key, value in dict(chosen).items()}
    if plain(name) in wanted:
        return wanted[plain(name)]
    parts = [part for part in map(plain, _BETWEEN.split(name.casefold())) if part]
    if any(_is_person(part) for part in parts):
        return "person"
    if any(_among(part, _VEHICLES) or _among(part.split()[0], {"vehicle"}) for part in parts):
        return "vehicle"
    return None if _among(plain(name), _NOTHING) else "animal"


def _is_person(part):
    words = part.split()
    named = _among(words[0], _CORE) or (_among(words[-1], _CORE) and words[0] not in _NOT)
    return named or _among(part, _PEOPLE)


def _among(name, table):
    return any(form in table for form in (name, name.removesuffix("s"), name.removesuffix("es")))
