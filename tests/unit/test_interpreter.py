"""What a server asks of Python."""

from __future__ import annotations

import gc
import sys

import pytest

from engine.interpreter import loading, take_short_turns


def test_nothing_is_collected_while_a_generation_is_loaded_and_it_is_left_alone_afterwards() -> None:
    frozen = gc.get_freeze_count()
    try:
        with loading():
            assert not gc.isenabled()
            stays = [[number] for number in range(10_000)]

        assert gc.isenabled()
        assert gc.get_freeze_count() >= frozen + len(stays)
    finally:
        gc.unfreeze()


def test_what_could_not_be_loaded_is_collected_as_ever() -> None:
    frozen = gc.get_freeze_count()
    with pytest.raises(OSError, match="no such file"), loading():
        raise OSError("no such file")

    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_who_has_collections_switched_off_keeps_them_so() -> None:
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_threads_of_a_server_take_turns_of_half_a_millisecond() -> None:
    before = sys.getswitchinterval()
    try:
        take_short_turns()
        assert sys.getswitchinterval() == pytest.approx(0.0005)
    finally:
        sys.setswitchinterval(before)
