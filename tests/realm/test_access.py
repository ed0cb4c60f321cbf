"""The access table: who may do what, by family and sector."""

import pytest

from cli.realm.code import UnknownScope, composites, read

MEMBER_ROLES = {"intake", "caseworker", "coordinator", "privacy-officer"}
SECTORS = {
    "ngo.community",
    "ngo.victim-services",
    "public-agency.victim-services",
    "public-agency.health-social",
    "public-agency.youth-protection",
    "public-agency.government",
    "police.law-enforcement",
}
PERSONAL = {"person:read", "person:write", "referral:read", "referral:send", "referral:receive", "consent:write"}


def test_every_sector_has_a_row_for_every_role():
    rows = {f"{sector}.{role}" for sector in SECTORS for role in MEMBER_ROLES}
    rows |= {f"coalition.coalition.{role}" for role in ("coordination", "board", "auditor")}
    assert set(composites()) == rows


@pytest.mark.parametrize("role", ["coordination", "board", "auditor"])
def test_no_role_of_the_coalition_reads_a_person_helped(role):
    assert not PERSONAL & set(composites()[f"coalition.coalition.{role}"])


@pytest.mark.parametrize("role", sorted(MEMBER_ROLES))
def test_police_never_ask_nor_answer_about_places(role):
    assert not {"capacity:ask", "capacity:answer"} & set(composites()[f"police.law-enforcement.{role}"])


@pytest.mark.parametrize("role", sorted(MEMBER_ROLES))
def test_government_houses_nobody_and_answers_no_capacity_query(role):
    assert "capacity:answer" not in composites()[f"public-agency.government.{role}"]


@pytest.mark.parametrize("sector", sorted(SECTORS))
def test_the_privacy_officer_alone_reads_the_audit_trail(sector):
    table = composites()
    assert {role for role in MEMBER_ROLES if "audit:read" in table[f"{sector}.{role}"]} == {"privacy-officer"}


def test_only_the_board_decides_and_only_the_auditor_verifies():
    table = composites()
    assert [row for row, scopes in table.items() if "membership:decide" in scopes] == ["coalition.coalition.board"]
    assert [row for row, scopes in table.items() if "audit:verify" in scopes] == ["coalition.coalition.auditor"]


def test_a_row_with_an_unknown_scope_is_refused(tmp_path):
    (tmp_path / "access.toml").write_text('[scopes]\n[ngo.community]\nintake = ["person:sell"]\n')
    with pytest.raises(UnknownScope, match="person:sell"):
        composites(tmp_path)


def test_a_parameter_nobody_gave_is_an_error():
    with pytest.raises(KeyError):
        read({})
