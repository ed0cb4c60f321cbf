"""The register: one line an act, newest first, whole or not at all; a file no spreadsheet calculates."""

import csv
import io
from dataclasses import replace

import pytest

from services.referral.api.spreadsheet import neutral, to_csv
from services.referral.domain.emergency import Kind, OutsideChannel, Outsider
from services.referral.domain.export import MOST_EXPORTED, ExportTooLong, check_whole
from services.referral.domain.register import (
    Entered,
    newest_first,
    of_emergency,
    of_ground,
)
from tests.referral.builders import AT, LATER, a_ground
from tests.referral.unit.test_emergency import an_emergency


def test_a_ground_and_an_emergency_each_make_one_line_in_codes():
    ground = of_ground(a_ground().close(LATER))
    assert (ground.kind, ground.by, ground.article, ground.recipient) == ("ground", "worker", "p-39.1-18.1", "shelter")
    assert (ground.review_by, ground.ended_at) == (None, LATER)
    outside = an_emergency(kind=Kind.OUTSIDE, outsider=Outsider.POLICE, channel=OutsideChannel.PHONE, recipient=None)
    line = of_emergency(outside)
    assert (line.kind, line.outsider, line.channel, line.review_by) == ("outside", "police", "phone", outside.review_by)
    assert {kind.value for kind in Kind} | {"ground"} == {kind.value for kind in Entered}


def test_lines_stand_from_the_newest_on_and_the_same_instant_has_one_order():
    lines = [of_ground(replace(a_ground(), id=name, at=at)) for name, at in (("a", AT), ("b", LATER), ("c", AT))]
    assert [line.id for line in newest_first(lines)] == ["b", "c", "a"]


def test_a_file_is_whole_or_is_not():
    line = of_ground(a_ground())
    check_whole([line] * MOST_EXPORTED)
    with pytest.raises(ExportTooLong):
        check_whole([line] * (MOST_EXPORTED + 1))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_what_could_begin_a_formula_is_shown_and_not_calculated(begin):
    assert neutral(f"{begin}cmd|'/c calc'!A1") == f"'{begin}cmd|'/c calc'!A1"
    assert (neutral("phone"), neutral("")) == ("phone", "")
    [head, row] = csv.reader(io.StringIO(to_csv(["a", "b"], [[f"{begin}1", 'say "no", please']]), newline=""))
    assert (head, row) == (["a", "b"], [f"'{begin}1", 'say "no", please'])
