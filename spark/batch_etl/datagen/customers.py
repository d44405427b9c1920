"""The customer register: people and firms who move, change their address or their segment now and then."""

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from batch_etl.datagen import words
from batch_etl.datagen.cohorts import known_numbers, version_at
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.drafts import SingleDrafts
from batch_etl.datagen.rows import Cells, Customer, json_line, json_line_reversed
from batch_etl.datagen.world import World, day_text, moment_text

NEW_IN_COHORT = 7
_COUNTRIES = tuple(accumulate(words.COUNTRY_WEIGHTS))
_SEGMENTS = tuple(accumulate(words.SEGMENT_WEIGHTS))


class _Person(NamedTuple):
    """What is true of a customer before and after each change; changes as days since the first day."""

    full_name: str
    country_code: str
    cities: tuple[str, str]
    phones: tuple[str | None, str | None]
    emails: tuple[str, str]
    segments: tuple[str, str]
    change_days: tuple[int, int, int, int]
    registered_on: int


class Customers:
    """Source of customer_data_*.json: a document a line."""

    name = "customers"
    columns: tuple[str, ...] = (
        "customer_id",
        "full_name",
        "email",
        "phone",
        "city",
        "country_code",
        "segment",
        "registered_on",
        "updated_at_utc",
    )
    has_header = False

    def __init__(self, world: World) -> None:
        self._world = world

    def drafts(self, start: int, stop: int) -> SingleDrafts[Customer]:
        return SingleDrafts(self, [self._draft(index) for index in range(start, stop)], [0] * (stop - start))

    def cells(self, truth: Customer) -> Cells:
        values = (*truth[:7], day_text(truth.registered_on), moment_text(truth.updated_at))
        cells = dict(zip(self.columns, values, strict=True))
        # Two exporters: one writes null for what it does not know, the other leaves it out.
        if truth.phone is None and truth.registered_on % 2:
            del cells["phone"]
        return cells

    def write(self, cells: Cells) -> str:
        return json_line(cells)

    def write_otherwise(self, cells: Cells) -> str:
        return json_line_reversed(cells)

    def version_order(self, truth: Customer) -> int:
        return truth.updated_at

    def _draft(self, index: int) -> Customer:
        version = version_at(self._world, self.name, NEW_IN_COHORT, index)
        person = _person(self._world, version.number)
        offset = self._world.day_offset(version.updated_at)
        city, phone, email, segment = (offset >= day for day in person.change_days)
        return Customer(
            customer_id=customer_id(version.number),
            full_name=person.full_name,
            email=person.emails[email],
            phone=person.phones[phone],
            city=person.cities[city],
            country_code=person.country_code,
            segment=person.segments[segment],
            registered_on=person.registered_on,
            updated_at=version.updated_at,
        )


def customer_id(number: int) -> str:
    return f"C{number:07d}"


def known_customers(records: Numbers) -> Numbers:
    return known_numbers(records, NEW_IN_COHORT)


@lru_cache(maxsize=4_096)
def _person(world: World, number: int) -> _Person:
    dice = world.dice(Customers.name, "person", number)
    country = words.COUNTRIES[dice.weighted(_COUNTRIES)]
    given, given_mail = dice.pick(country.given).split("/")
    family, family_mail = dice.pick(country.family).split("/")
    domain = dice.pick(words.MAIL_DOMAINS)
    return _Person(
        full_name=f"{family} {given}" if country.is_family_first else f"{given} {family}",
        country_code=country.code,
        cities=(dice.pick(country.cities), dice.pick(country.cities)),
        phones=(None if dice.one_in(8) else _phone(country, dice.below(10_000)), _phone(country, dice.below(10_000))),
        emails=(f"{given_mail}.{family_mail}{number}@{domain}", f"{family_mail}{number}@{domain}"),
        segments=(words.SEGMENTS[dice.weighted(_SEGMENTS)], words.SEGMENTS[dice.weighted(_SEGMENTS)]),
        change_days=(dice.below(world.days), dice.below(world.days), dice.below(world.days), dice.below(world.days)),
        # No version is older than 300 days before the first sale.
        registered_on=world.first_day - 301 - dice.below(2_500),
    )


def _phone(country: words.Country, line: int) -> str:
    return f"+{country.dialling}{line:04d}"
