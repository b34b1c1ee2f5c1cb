"""How often a key may call."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import ConfigError, QuotaError, RateLimitError
from engine.security.caller import Caller, Limits
from engine.security.limiter import Limiter
from engine.security.scopes import EVERY_SCOPE
from engine.security.usage import Usage

NOON = 20_000 * 86_400 + 43_200.0
KEY = "0123456789abcdef"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    return Limiter(Usage(), clock)


def caller(per_second: float = 0, per_day: int = 0, key_id: str = KEY) -> Caller:
    return Caller("shop", EVERY_SCOPE, key_id, Limits(per_second, per_day))


def taken(limiter: Limiter, who: Caller, calls: int) -> int:
    """How many of so many calls were let in."""
    count = 0
    for _ in range(calls):
        try:
            limiter.spend(who)
        except (RateLimitError, QuotaError):
            continue
        count += 1
    return count


def test_one_second_s_calls_may_come_at_once_and_then_as_fast_as_time_gives_them(
    limiter: Limiter, clock: Clock
) -> None:
    who = caller(per_second=5)

    assert taken(limiter, who, 20) == 5
    clock.now += 0.6  # 3 more
    assert taken(limiter, who, 20) == 3
    clock.now += 3_600
    assert taken(limiter, who, 20) == 5  # no more than a second's are saved up


def test_less_than_one_a_second_lets_one_in_at_a_time(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_second=0.1)

    assert taken(limiter, who, 3) == 1
    clock.now += 9.9
    assert taken(limiter, who, 3) == 0
    clock.now += 0.2
    assert taken(limiter, who, 3) == 1


def test_a_refusal_says_when_the_next_call_is_let_in(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_second=4)
    taken(limiter, who, 4)

    with pytest.raises(RateLimitError) as raised:
        limiter.spend(who)

    assert raised.value.retry_after == pytest.approx(1 / 4)
    clock.now += raised.value.retry_after
    limiter.spend(who)


def test_a_quota_lasts_until_midnight_in_greenwich(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_day=3)

    assert taken(limiter, who, 5) == 3
    with pytest.raises(QuotaError) as raised:
        limiter.spend(who)
    assert raised.value.retry_after == pytest.approx(12 * 3_600)
    clock.now += raised.value.retry_after
    assert taken(limiter, who, 5) == 3


def test_a_batch_is_owed_for_what_it_holds(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_second=10, per_day=25)
    limiter.spend(who)
    limiter.charge(who, 19)  # 20 in all, of a bucket of 10

    assert taken(limiter, who, 1) == 0
    clock.now += 0.9  # -10 + 9
    assert taken(limiter, who, 1) == 0
    clock.now += 0.2
    assert taken(limiter, who, 1) == 1
    clock.now += 60
    assert taken(limiter, who, 10) == 25 - 20 - 1


def test_a_clock_set_back_gives_nothing_and_locks_nobody_out(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_second=2)
    taken(limiter, who, 2)

    clock.now -= 3_600
    assert taken(limiter, who, 2) == 0
    clock.now += 1 / 2
    assert taken(limiter, who, 2) == 1  # and not an hour later, when the clock has caught up


def test_a_clock_set_forward_gives_no_more_than_one_second_s_calls(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_second=2)
    taken(limiter, who, 2)

    clock.now += 365 * 86_400

    assert taken(limiter, who, 9) == 2


def test_a_day_that_the_clock_goes_back_to_brings_no_new_quota(limiter: Limiter, clock: Clock) -> None:
    who = caller(per_day=3)
    taken(limiter, who, 2)

    clock.now -= 86_400

    assert taken(limiter, who, 3) == 1


def test_callers_without_limits_are_not_counted(limiter: Limiter) -> None:
    assert taken(limiter, caller(), 1_000) == 1_000


def test_keys_do_not_share_their_limits(limiter: Limiter) -> None:
    other = caller(per_second=2, key_id="fedcba9876543210")

    assert taken(limiter, caller(per_second=2), 5) == 2
    assert taken(limiter, other, 5) == 2


def test_a_key_that_gets_other_limits_keeps_its_count(limiter: Limiter) -> None:
    taken(limiter, caller(per_day=10), 4)

    assert taken(limiter, caller(per_day=6), 10) == 2


def test_threads_let_in_no_more_than_one_would() -> None:
    limiter, who = Limiter(Usage(), Clock()), caller(per_second=100, per_day=1_000)

    with ThreadPoolExecutor(8) as threads:
        counts = threads.map(lambda _: taken(limiter, who, 50), range(8))

    assert sum(counts) == 100


def _take(path: Path, calls: int) -> int:
    return taken(Limiter(Usage(path), Clock()), caller(per_second=100), calls)


def test_processes_let_in_no_more_than_one_would(tmp_path: Path) -> None:
    path = tmp_path / "usage"

    with multiprocessing.get_context("spawn").Pool(2) as processes:
        counts = processes.starmap(_take, [(path, 80)] * 2)

    assert sum(counts) == 100


def test_a_file_outlasts_a_restart(tmp_path: Path) -> None:
    first = Usage(tmp_path / "usage")
    assert taken(Limiter(first, Clock()), caller(per_day=10), 7) == 7
    first.close()

    assert taken(Limiter(Usage(tmp_path / "usage"), Clock()), caller(per_day=10), 7) == 3


def test_more_keys_than_slots_forget_the_one_that_called_longest_ago(clock: Clock) -> None:
    slots = 8
    limiter = Limiter(Usage(slots=slots), clock)
    for number in range(slots + 1):
        clock.now += 0.001
        limiter.spend(caller(per_day=1, key_id=f"{number + 1:016x}"))

    assert taken(limiter, caller(per_day=1, key_id=f"{2:016x}"), 1) == 0
    assert taken(limiter, caller(per_day=1, key_id=f"{1:016x}"), 1) == 1


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "usage"
    path.write_text("my holiday photos")

    with pytest.raises(ConfigError, match="is no key usage file"):
        Usage(path)
    with pytest.raises(ConfigError, match="cannot be opened: No such file"):
        Usage(tmp_path / "no" / "folder")
