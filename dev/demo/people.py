"""The people of the demo. They are made up, and their habits follow from their usernames alone."""

from dataclasses import dataclass
from datetime import time
from random import Random

from accounts.models import Profile
from dev.management.commands.demologins import LEARNER

# Username, name, time zone.
PEOPLE = """
ada_brook            Ada Brook            Europe/London
amir_tavakoli        Amir Tavakoli        Asia/Tehran
anneke_vos           Anneke Vos           Europe/Amsterdam
bao_lin              Bao Lin              Asia/Shanghai
beatriz_fontes       Beatriz Fontes       Europe/Lisbon
caleb_moss           Caleb Moss           America/Chicago
chiamaka_eze         Chiamaka Eze         Africa/Lagos
clara_winter         Clara Winter         Europe/Berlin
dario_conti          Dario Conti          Europe/Rome
deepa_rao            Deepa Rao            Asia/Kolkata
elif_demir           Elif Demir           Europe/Istanbul
emil_hagen           Emil Hagen           Europe/Oslo
fatou_diop           Fatou Diop           Africa/Dakar
felix_baumann        Felix Baumann        Europe/Zurich
gita_shrestha        Gita Shrestha        Asia/Kathmandu
hana_mori            Hana Mori            Asia/Tokyo
henrik_dahl          Henrik Dahl          Europe/Copenhagen
ines_ferrer          Inés Ferrer          Europe/Madrid
isaac_wanjala        Isaac Wanjala        Africa/Nairobi
jonas_peeters        Jonas Peeters        Europe/Brussels
kaia_tamm            Kaia Tamm            Europe/Tallinn
keoni_hale           Keoni Hale           Pacific/Honolulu
lena_sorg            Lena Sorg            Europe/Vienna
lucas_prado          Lucas Prado          America/Sao_Paulo
maeve_quinlan        Maeve Quinlan        Europe/Dublin
malik_reeves         Malik Reeves         America/New_York
mara_stein           Mara Stein           Europe/Berlin
mateo_ibarra         Mateo Ibarra         America/Mexico_City
mila_novak           Mila Novak           Europe/Prague
nadia_haddad         Nadia Haddad         Africa/Casablanca
noah_tremblay        Noah Tremblay        America/Montreal
oksana_koval         Oksana Koval         Europe/Kyiv
pavel_dvorak         Pavel Dvořák         Europe/Prague
priya_nair           Priya Nair           Asia/Singapore
rosa_quispe          Rosa Quispe          America/Lima
ruben_sundberg       Ruben Sundberg       Europe/Stockholm
sione_latu           Sione Latu           Pacific/Auckland
tessa_marlow         Tessa Marlow         Australia/Sydney
tomasz_wilk          Tomasz Wilk          Europe/Warsaw
yara_benami          Yara Ben-Ami         Asia/Jerusalem
"""
BIOS = (
    "Bus driver. Two minutes of breathing at the last stop have changed my evenings.",
    "I teach small children and practise so I can stay the calmest person in the room.",
    "Learning to notice before I react. Some days it even works.",
    "Night shifts, so my day starts at four. Don't ask what I call breakfast.",
    "Came for the headaches, stayed for the quiet.",
    "Cello, tea, long walks. Currently learning to relax my shoulders.",
    "Started because a friend dared me. Still here.",
    "I work from home on a loud street. Grounding is my favourite word this year.",
    "I write software and forget I have a body. Working on it.",
    "Retired, curious, slow on purpose.",
)
MAX_JOINED_DAYS_AGO = 183
# Slugs of the hacks that a person wants to master. Half of the people want none.
MASTERY_GOALS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("double-torus-shield",),
    ("double-torus-shield",),
    ("energy-programming",),
)


@dataclass(frozen=True)
class Person:
    """A person and their habits.

    `joined_days_ago` counts back from the first time the demo is made. `active_days` is the number of days from joining
    until they lose interest.
    """

    email: str
    username: str
    name: str
    zone: str
    bio: str
    path: Profile.Path
    joined_days_ago: int
    active_days: int
    regularity: float
    hour: int
    day_start: time
    rest_weekday: int | None
    days_a_new_hack: int
    mood: float
    mood_gain: float
    measures: bool
    is_public: bool
    is_ranked: bool
    # In days since joining: trips with their time zones, and one break.
    trips: tuple[tuple[range, str], ...] = ()
    break_days: range = range(0)
    misses_every: int = 0
    practises_today: bool = True
    # Slugs of the hacks that they want to master, and so practise most.
    goals: tuple[str, ...] = ()


def community() -> list[Person]:
    return [_learner(), *(_generate_person(*_fields(line)) for line in PEOPLE.strip().splitlines())]


def _fields(line: str) -> tuple[str, str, str]:
    username, _, rest = line.partition(" ")
    name, _, zone = rest.strip().rpartition(" ")
    return username, name.strip(), zone


def _learner() -> Person:
    """Return the demo learner: a year with a trip, a broken streak and then a long one; another trip is planned."""
    return Person(
        email=LEARNER[0],
        username="demo_learner",
        name="Lea Learner",
        zone="Europe/Berlin",
        bio="I design gardens. Most days I take five quiet minutes before my first call.",
        path=Profile.Path.ENERGY_AWARENESS,
        joined_days_ago=365,
        active_days=10_000,
        regularity=1,
        hour=7,
        day_start=time(3),
        rest_weekday=6,
        days_a_new_hack=17,
        mood=4.9,
        mood_gain=1.8,
        measures=True,
        is_public=True,
        is_ranked=True,
        trips=((range(96, 110), "Asia/Tokyo"), (range(375, 382), "Europe/Lisbon")),
        break_days=range(170, 178),
        misses_every=17,
        practises_today=False,
        goals=("double-torus-shield", "energy-programming"),
    )


def _generate_person(username: str, name: str, zone: str) -> Person:
    rng = Random(username)
    # The goals have their own random numbers. Mastering a hack takes months of practice on most days.
    goals = Random(f"{username}/aims").choice(MASTERY_GOALS)
    joined_days_ago = rng.randint(110 if goals else 10, MAX_JOINED_DAYS_AGO)
    lost_interest = rng.random() < (0 if goals else 0.3)
    return Person(
        email=f"{username}@example.com",
        username=username,
        name=name,
        zone=zone,
        bio=rng.choice(BIOS) if rng.random() < 0.5 else "",
        path=rng.choice(list(Profile.Path)),
        joined_days_ago=joined_days_ago,
        active_days=rng.randint(5, joined_days_ago) if lost_interest else 10_000,
        regularity=rng.choice([0.8, 0.88, 0.94, 0.97] if goals else [0.35, 0.55, 0.7, 0.8]),
        hour=rng.choice([6, 7, 7, 8, 9, 12, 13, 17, 18, 20, 21, 22]),
        day_start=time(rng.choice([0, 0, 0, 0, 3, 4])),
        rest_weekday=rng.choice([None, 5, 6]),
        days_a_new_hack=rng.randint(6, 18),
        mood=rng.uniform(4.2, 6.4),
        mood_gain=rng.uniform(0, 1.8),
        measures=rng.random() < 0.2,
        is_public=rng.random() < 0.6,
        is_ranked=rng.random() < 0.7,
        goals=goals,
    )
