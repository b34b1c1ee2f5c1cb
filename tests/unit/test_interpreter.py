"""What a server asks of Python."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from engine.interpreter import LaterCollection, loading, take_short_turns
from tests.unit.held_model import wait_until


class Circle:
    itself: Circle


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


def test_a_circle_that_was_left_while_a_generation_was_loaded_is_freed_later() -> None:
    try:
        with loading():
            circle = Circle()
            circle.itself = circle
            left = weakref.ref(circle)
            del circle

        gc.collect()
        assert left() is not None
        LaterCollection(seconds=0.01).ask()
        wait_until(lambda: left() is None)
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


HEAPS = """
import ctypes, os, sys, threading
from engine.interpreter import share_heaps

share_heaps()
held = threading.Barrier(9)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def allocate():
    pointers = [libc.malloc(5_000) for _ in range(50)]
    held.wait()

for _ in range(8):
    threading.Thread(target=allocate).start()
held.wait()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
@pytest.mark.parametrize(("variable", "heaps"), [({}, 2), ({"MALLOC_ARENA_MAX": "3"}, 3)])
def test_eight_threads_share_two_heaps_unless_told_otherwise(variable: dict[str, str], heaps: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", HEAPS], env=variable, capture_output=True, text=True, check=True, timeout=60
    )

    assert told.stdout.count("<heap nr=") == heaps
