"""The least time is the longer of two quotients, whichever way it is put; the limit is decided exactly."""

from __future__ import annotations

from fractions import Fraction
from math import inf, isclose

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.roofline import LeastTime, Roofline, one_after_the_other, seconds_at_least

WORK = st.integers(0, 10**30)
RATES = st.integers(1, 10**18) | st.fractions(Fraction(1), Fraction(10**18), max_denominator=1000)


@given(WORK, WORK, RATES, RATES)
def test_it_is_the_longer_of_both(macs: int, moved: int, peak: int | Fraction, bandwidth: int | Fraction) -> None:
    computing, moving = Fraction(2 * macs) / peak, Fraction(moved) / bandwidth
    found = seconds_at_least(macs, moved, peak, bandwidth)
    assert found.seconds == float(max(computing, moving))
    if not macs and not moved:
        assert found.limited_by is None
    else:
        assert found.limited_by == ("compute" if computing >= moving else "memory")


@given(st.integers(1, 10**12), RATES, RATES)
def test_the_ridge_point_parts_the_two(moved: int, peak: int | Fraction, bandwidth: int | Fraction) -> None:
    ridge = Fraction(peak) / bandwidth
    assert Roofline(peak, bandwidth).ridge_point == float(ridge)
    # As many operations a byte as there are, rounded down to whole multiply-adds, and one more.
    macs = int(ridge * moved) // 2
    assert seconds_at_least(macs + 1, moved, peak, bandwidth).limited_by == "compute"
    if 2 * macs < ridge * moved:
        assert seconds_at_least(macs, moved, peak, bandwidth).limited_by == "memory"


def test_at_the_ridge_point_compute_is_the_limit() -> None:
    assert seconds_at_least(15, 1, 30, 1) == LeastTime(1.0, "compute")


def test_what_is_longer_than_a_float_can_say_is_infinite() -> None:
    assert seconds_at_least(10**400, 1, 1, 1) == LeastTime(inf, "compute")


@given(st.lists(st.tuples(WORK, WORK), max_size=8))
def test_a_network_takes_the_sum(layers: list[tuple[int, int]]) -> None:
    times = [seconds_at_least(macs, moved, 10**12, 10**10) for macs, moved in layers]
    total = one_after_the_other(times)
    assert isclose(total.seconds, sum(time.seconds for time in times), rel_tol=1e-12)
    shares = {limit: sum(time.seconds for time in times if time.limited_by == limit) for limit in ("compute", "memory")}
    assert total.limited_by in {None, *(limit for limit, share in shares.items() if share >= total.seconds * 0.499)}
    assert (total.limited_by is None) is all(time.limited_by is None for time in times)
