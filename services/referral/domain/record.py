"""The fields of a person's record by data class, and how each form of disclosure cuts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.referral.domain.disclosure import Decision, Form, opened
from services.referral.domain.identifiers import OrganizationId
from services.referral.domain.reveals import Facet, is_shown, of_code
from services.referral.domain.taxonomy import DataClass

Fields = Mapping[str, Any]
Record = Mapping[DataClass, Fields]

# The one field that each partial form shows (HTCDS: vic_TypeOfExploitation for the type).
PART_FIELDS: Mapping[Form, str] = {
    Form.TYPE: "types",
    Form.COVERAGE: "insured",
    Form.ATTESTATION: "attestation_signed",
}

# Lists of codes in which a single code may reveal another class.
CODED_FIELDS: Mapping[DataClass, frozenset[str]] = {
    DataClass.IDENTITY: frozenset({"languages"}),
    DataClass.PRACTICAL_NEEDS: frozenset({"needs"}),
}

OPEN_FORMS: frozenset[Form] = frozenset(Form) - {Form.NOTHING, Form.ONCE, Form.SUPPRESSED}


@dataclass(frozen=True, slots=True)
class Withheld:
    """A class that is not shown, or not whole, and the reason."""

    data_class: DataClass
    reason: str


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a reader is given: the open fields by class, and what is withheld, where naming it reveals nothing."""

    fields: dict[DataClass, dict[str, Any] | None]
    withheld: tuple[Withheld, ...]


def classes_to_open(decisions: Mapping[DataClass, Decision]) -> tuple[DataClass, ...]:
    """Return the classes of which anything is shown, so that nothing else need be unsealed."""
    return tuple(data_class for data_class, decision in decisions.items() if decision.form in OPEN_FORMS)


def disclose(decisions: Mapping[DataClass, Decision], record: Record, reader: OrganizationId) -> Disclosed:
    """Cut a record to what the decisions allow; an open class without data reads None."""
    facets = opened(decisions)
    shown = {
        data_class: _cut(data_class, decisions[data_class].form, record.get(data_class), reader, facets)
        for data_class in classes_to_open(decisions)
    }
    withheld = tuple(
        Withheld(data_class, decision.reason)
        for data_class, decision in decisions.items()
        if decision.reason is not None
    )
    return Disclosed(shown, withheld)


def _cut(
    data_class: DataClass, form: Form, fields: Fields | None, reader: OrganizationId, facets: frozenset[Facet]
) -> dict[str, Any] | None:
    """Keep what the form shows of one class."""
    if fields is None:
        return None
    if form is Form.OWN:
        entries = [entry for entry in fields.get("entries", ()) if entry.get("author_organization_id") == reader]
        return {"entries": entries} if entries else None
    if form in PART_FIELDS:
        name = PART_FIELDS[form]
        return {name: fields[name]} if fields.get(name) is not None else None
    return {name: _codes(data_class, name, value, facets) for name, value in fields.items()}


def _codes(data_class: DataClass, name: str, value: Any, facets: frozenset[Facet]) -> Any:
    """Drop the codes that would reveal a withheld class."""
    if name not in CODED_FIELDS.get(data_class, ()):
        return value
    return [code for code in value if is_shown(of_code(code), facets)]
