"""The fields of a person's record by data class, and how each form of disclosure cuts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.referral.domain.disclosure import Decision, Form, opened
from services.referral.domain.facts import revealing_nothing
from services.referral.domain.identifiers import OrganizationId
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import DataClass

Fields = Mapping[str, Any]
Record = Mapping[DataClass, Fields]

# The one field that each partial form shows.
PART_FIELDS: Mapping[Form, str] = {
    Form.TYPE: "vic_TypeOfExploitation",
    Form.COVERAGE: "insured",
    Form.ATTESTATION: "attestation_signed",
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
    """Keep what the form shows of one class, without all that reveals a withheld one; None where nothing is left."""
    if fields is None:
        return None
    if form is Form.OWN:
        entries = [entry for entry in fields.get("entries", ()) if entry.get("author_organization_id") == reader]
        return {"entries": entries} if entries else None
    if form in PART_FIELDS:
        fields = {name: value for name, value in fields.items() if name == PART_FIELDS[form]}
    return revealing_nothing(data_class, fields, facets) or None
