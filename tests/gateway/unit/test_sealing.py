"""What is sealed opens in its own place, with a key we hold, and nowhere else."""

import pytest

from gateway.sealing import Sealing, Unopenable

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_sealed_text_opens_in_its_place():
    sealing = Sealing([NEW])
    assert sealing.open(sealing.seal("jeton", "s-1/tokens"), "s-1/tokens") == "jeton"
    assert b"jeton" not in sealing.seal("jeton", "s-1/tokens")


def test_moved_to_another_record_it_does_not_open():
    sealing = Sealing([NEW])
    with pytest.raises(Unopenable):
        sealing.open(sealing.seal("jeton", "s-1/tokens"), "s-2/tokens")


def test_any_altered_byte_is_noticed():
    sealing = Sealing([NEW])
    sealed = sealing.seal("jeton", "p")
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(Unopenable):
            sealing.open(altered, "p")
    with pytest.raises(Unopenable):
        sealing.open(b"", "p")


def test_a_retired_key_still_opens_what_it_sealed_and_seals_nothing_new():
    sealed = Sealing([OLD]).seal("jeton", "p")
    both = Sealing([NEW, OLD])
    assert both.open(sealed, "p") == "jeton"
    with pytest.raises(Unopenable):
        Sealing([OLD]).open(both.seal("jeton", "p"), "p")


def test_a_form_token_belongs_to_one_session():
    sealing = Sealing([NEW])
    assert sealing.form_token("s-1") != sealing.form_token("s-2")
    assert sealing.form_token("s-1") == Sealing([NEW, OLD]).form_token("s-1")
