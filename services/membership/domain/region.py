"""The 17 administrative regions of Quebec (D-11, r. 1) and who borders whom."""

from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.text import Text


class UnknownRegion(MembershipRefusal):
    """No administrative region has this code."""

    code = "membership.unknown-region"


REGIONS: dict[str, Text] = {
    "01": Text("Bas-Saint-Laurent", "Bas-Saint-Laurent"),
    "02": Text("Saguenay–Lac-Saint-Jean", "Saguenay–Lac-Saint-Jean"),
    "03": Text("Capitale-Nationale", "Capitale-Nationale"),
    "04": Text("Mauricie", "Mauricie"),
    "05": Text("Estrie", "Estrie"),
    "06": Text("Montréal", "Montreal"),
    "07": Text("Outaouais", "Outaouais"),
    "08": Text("Abitibi-Témiscamingue", "Abitibi-Témiscamingue"),
    "09": Text("Côte-Nord", "Côte-Nord"),
    "10": Text("Nord-du-Québec", "Nord-du-Québec"),
    "11": Text("Gaspésie–Îles-de-la-Madeleine", "Gaspésie–Îles-de-la-Madeleine"),
    "12": Text("Chaudière-Appalaches", "Chaudière-Appalaches"),
    "13": Text("Laval", "Laval"),
    "14": Text("Lanaudière", "Lanaudière"),
    "15": Text("Laurentides", "Laurentides"),
    "16": Text("Montérégie", "Montérégie"),
    "17": Text("Centre-du-Québec", "Centre-du-Québec"),
}

# Joined by land, a bridge or a regular ferry: how far a person can be driven, not where the border runs.
NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "01": ("03", "09", "11", "12"),
    "02": ("03", "04", "09", "10"),
    "03": ("01", "02", "04", "09", "12"),
    "04": ("02", "03", "08", "10", "14", "15", "17"),
    "05": ("12", "16", "17"),
    "06": ("13", "14", "16"),
    "07": ("08", "15"),
    "08": ("04", "07", "10"),
    "09": ("01", "02", "03", "10"),
    "10": ("02", "04", "08", "09"),
    "11": ("01",),
    "12": ("01", "03", "05", "17"),
    "13": ("06", "14", "15"),
    "14": ("04", "06", "13", "15", "16"),
    "15": ("04", "07", "13", "14", "16"),
    "16": ("05", "06", "14", "15", "17"),
    "17": ("04", "05", "12", "16"),
}


def known_region(code: str) -> str:
    """Return the code if it names a region; raises `UnknownRegion`."""
    if code not in REGIONS:
        raise UnknownRegion
    return code


def near(regions: tuple[str, ...]) -> frozenset[str]:
    """Return the regions next to the given ones, without these."""
    return frozenset(neighbour for code in regions for neighbour in NEIGHBOURS[code]) - frozenset(regions)
