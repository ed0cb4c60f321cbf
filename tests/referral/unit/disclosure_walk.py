"""The two disclosure tables once more, as the domain writes them, and a walk through every cell of both."""

from collections.abc import Iterator
from dataclasses import replace

from services.referral.domain.disclosure import TABLES, Form, Reading, Role, Stage, Tables, decide
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Purpose, Sector

CELLS = """
                    | community    | health-social | victim-services | youth-protection | law-enforcement | government
identity            | C/L          | C/L           | C/L             | C/L              | purpose / L     | purpose
safe-contact        | C/L          | C/L           | C/L             | C/L              | C/L             | C
current-location    | provider / L | provider / L  | L               | L                | C once / L      | -
safety              | C/L          | C/L           | C/L             | C/L              | C/L             | -
household           | C            | C             | C               | C/L              | L               | purpose
practical-needs     | C            | C             | C               | C/L              | -               | -
indigenous-identity | C            | C             | C               | C                | -               | -
exploitation        | type         | type          | C               | C/L              | purpose         | type
health              | service / L  | C/L           | attestation / L | C/L              | -               | attestation
immigration         | service      | coverage      | C               | coverage / L     | never           | purpose
legal               | -            | -             | C               | C/L              | own             | purpose
aggregates          | suppressed   | suppressed    | suppressed      | suppressed       | suppressed      | suppressed
"""

PURPOSES = """
support              | community, health-social, victim-services, youth-protection, law-enforcement, government |
complaint            | law-enforcement                         | identity, exploitation
compensation         | government, victim-services             | identity, household, exploitation, health, legal
legal-representation | victim-services, clinics | identity, safe-contact, safety, household, practical-needs, \
indigenous-identity, exploitation, health, immigration, legal
residence-permit     | government                              | identity, exploitation, immigration
labour-standards     | government                              | identity, exploitation
protection           | youth-protection                        |
"""

BY_CONSENT = {
    "C": Form.WHOLE,
    "C once": Form.ONCE,
    "type": Form.TYPE,
    "coverage": Form.COVERAGE,
    "attestation": Form.ATTESTATION,
    "own": Form.OWN,
}
HOUSING = frozenset({Need.SHELTER})
SERVICE = {DataClass.HEALTH: frozenset({Need.DETOX}), DataClass.IMMIGRATION: frozenset({Need.IMMIGRATION_HELP})}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _words() -> dict[tuple[DataClass, Sector], str]:
    head, *rows = CELLS.strip("\n").splitlines()
    sectors = [Sector(part.strip()) for part in head.split("|")[1:]]
    found = {}
    for row in rows:
        name, *cells = (part.strip() for part in row.split("|"))
        found |= {(DataClass(name), sector): cell for sector, cell in zip(sectors, cells, strict=True)}
    return found


WORDS = _words()
WHO: dict[Purpose, list[str]] = {}
OPENS: dict[Purpose, set[str]] = {}
for line in PURPOSES.strip().splitlines():
    name, who, what = (part.strip() for part in line.split("|"))
    WHO[Purpose(name)] = _split(who)
    OPENS[Purpose(name)] = set(_split(what))


def _rule(word: str) -> str:
    return word.removesuffix("L").strip(" /") or "-"


def _may_declare(purpose: Purpose, sector: Sector, needs: frozenset[Need]) -> bool:
    clinic = "clinics" in WHO[purpose] and sector is not Sector.LAW_ENFORCEMENT and Need.LEGAL_REPRESENTATION in needs
    return sector in WHO[purpose] or clinic


def _consented(word: str, reading: Reading, data_class: DataClass) -> Form:
    """What the domain says of a class consented to, after acceptance, for a purpose."""
    if not _may_declare(reading.purpose, reading.sector, reading.needs):
        return Form.NOTHING
    if data_class in OPENS[reading.purpose]:
        return Form.WHOLE
    rule = _rule(word)
    if rule == "provider" and reading.needs & {Need.SHELTER, Need.SHELTER_TONIGHT, Need.TRANSPORT}:
        return Form.WHOLE
    if rule == "service" and reading.needs & SERVICE[data_class]:
        return Form.WHOLE
    if rule == "C once" and reading.already_read:
        return Form.NOTHING
    return BY_CONSENT.get(rule, Form.NOTHING)


def what_the_domain_says(word: str, reading: Reading, data_class: DataClass) -> Form:
    adult = reading.sector is Sector.YOUTH_PROTECTION and reading.age is AgeBand.ADULT
    if word == "suppressed":
        return Form.SUPPRESSED
    if word == "never" or adult or reading.role is Role.OTHER or reading.stage is Stage.ENDED:
        return Form.NOTHING
    if data_class in reading.named or (data_class in reading.grounds and word.endswith("L")):
        return Form.WHOLE
    if reading.stage is Stage.ACCEPTED and data_class in reading.consented:
        return _consented(word, reading, data_class)
    return Form.NOTHING


def circumstances(data_class: DataClass, sector: Sector) -> Iterator[Reading]:
    """Everything that may turn the decision on one cell."""
    this = frozenset({data_class})
    plain = Reading(sector=sector, role=Role.INTAKE, stage=Stage.ACCEPTED, purpose=Purpose.SUPPORT)
    agreed = replace(plain, consented=this)
    yield from (plain, agreed, replace(plain, consented=PERSONAL - this), replace(agreed, already_read=True))
    yield from (replace(agreed, role=role) for role in Role)
    yield from (replace(agreed, age=age) for age in AgeBand)
    yield from (replace(agreed, needs=needs) for needs in (HOUSING, SERVICE.get(data_class, frozenset())))
    for purpose in Purpose:
        yield replace(agreed, purpose=purpose)
        yield replace(agreed, purpose=purpose, needs=frozenset({Need.LEGAL_REPRESENTATION}))
    for stage in Stage:
        yield replace(agreed, stage=stage)
        yield replace(plain, stage=stage, grounds=this)
        yield replace(plain, stage=stage, grounds=this, named=this)
    yield replace(plain, grounds=this, role=Role.OTHER)
    yield replace(plain, grounds=this, named=this, age=AgeBand.ADULT)
    yield replace(plain, grounds=PERSONAL - this)


def check_cell(data_class: DataClass, sector: Sector, tables: Tables = TABLES) -> None:
    """Compare every decision on one cell with the word that the domain writes there."""
    word = WORDS[data_class, sector]
    for reading in circumstances(data_class, sector):
        form = decide(reading, data_class, tables).form
        assert form is what_the_domain_says(word, reading, data_class), (word, reading)


def check_words(tables: Tables = TABLES) -> None:
    """Compare the tables themselves with the domain's words, for what no decision tells apart."""
    for (data_class, sector), word in WORDS.items():
        cell = tables.cells[data_class][sector]
        assert _rule(word) == cell.rule, word
        assert cell.ground is word.endswith("L"), word
    for purpose, opening in tables.purposes.items():
        assert opening.opens == OPENS[purpose], purpose
        assert sorted(opening.sectors) == sorted(set(WHO[purpose]) - {"clinics"}), purpose
        assert opening.clinics is ("clinics" in WHO[purpose]), purpose


def check_every_cell(tables: Tables = TABLES) -> None:
    for data_class, sector in WORDS:
        check_cell(data_class, sector, tables)
