"""Which engine `auto` takes, on integers: engines, their times, what starts them and what they need are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d
from conv2d_cli.backends import choice, cost_model, registry
from conv2d_cli.backends.base import Wanted
from conv2d_cli.backends.choice import Decision, Uses, decide
from conv2d_cli.backends.cost_table import ENGINE_RATES, Rates
from conv2d_cli.backends.registry import Entry
from conv2d_cli.engine.api import plan as plan_of_ours
from conv2d_cli.errors import MissingExtraError, UsageError
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHERS = ("onnxruntime", "torch")
CAUTION = choice._START_CAUTION


def wanted(channels: int = 8, side: int = 14, **how: Any) -> Wanted:
    return Wanted(geometry_of(Conv2d(channels, channels, 3, padding=1), (1, channels, side, side)), **how)


class MadeUpPlan(NamedTuple):
    """What is asked of a plan."""

    engine: str
    library_bytes: int = 0
    scratch_bytes: int = 0
    weight_bytes: int = 0


class MadeUp(NamedTuple):
    """An engine that takes so long, and so long to start."""

    name: str
    takes: float
    start: float = 0
    is_installed: bool = True
    is_loaded: bool = False
    needs_bytes: int = 0
    lacking: str | None = None

    def lacks(self, _wanted: Wanted) -> str | None:
        return self.lacking

    def plan(self, _wanted: Wanted) -> MadeUpPlan:
        third = self.needs_bytes // 3
        return MadeUpPlan(self.name, third, third, self.needs_bytes - 2 * third)

    def nanoseconds(self, _plan: MadeUpPlan) -> float:
        return self.takes

    def words(self, _plan: MadeUpPlan) -> str:
        return "made up"


def decided(ours: MadeUp, *others: MadeUp, uses: Uses = choice.ONCE, engine: str = "auto", **how: Any) -> Decision:
    """Decide among made-up engines."""
    engines = {one.name: one for one in (ours, *others)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "ENTRIES", {one.name: Entry("", "", one.name, one.start) for one in engines.values()})
        patch.setattr(choice, "backend_of", engines.__getitem__)
        patch.setattr(choice, "is_installed", lambda name: engines[name].is_installed)
        patch.setattr(choice, "is_loaded", lambda name: engines[name].is_loaded)
        return decide(wanted(**how), engine, uses)


def engines(name: str) -> st.SearchStrategy[MadeUp]:
    times = st.integers(1, 10**10).map(float)
    return st.builds(
        MadeUp,
        name=st.just(name),
        takes=times,
        start=times,
        is_installed=st.booleans(),
        is_loaded=st.booleans(),
        needs_bytes=st.integers(0, 1000),
        lacking=st.sampled_from((None, None, None, "int32")),
    )


@given(
    ours=st.integers(1, 10**10).map(lambda takes: MadeUp("numpy", float(takes), is_loaded=True)),
    others=st.tuples(*map(engines, OTHERS)),
    times=st.integers(1, 1000),
    room=st.none() | st.integers(0, 1000),
)
def test_it_is_the_one_with_the_least_time_its_start_included(
    ours: MadeUp, others: tuple[MadeUp, ...], times: int, room: int | None
) -> None:
    uses = Uses(times, room)
    can = [one for one in others if one.is_installed and one.lacking is None]
    fits = [one for one in can if room is None or one.needs_bytes <= room]
    total = {one.name: one.takes * times + (0 if one.is_loaded else CAUTION * one.start) for one in fits}
    total["numpy"] = ours.takes * times
    decision = decided(ours, *others, uses=uses)
    assert total[decision.plan.engine] == min(total.values())
    assert decision == decided(ours, *others, uses=uses)
    # The words name each that could, and no other.
    if not can:
        assert decision.why == "no other engine is installed that computes it"
    else:
        assert decision.why.startswith(f"{decision.plan.engine} is expected to be the fastest")
        assert {name for name in OTHERS if f"{name} " in decision.why.partition(": ")[2]} == {one.name for one in can}
        assert (" to start" in decision.why) == any(not one.is_loaded for one in can)
        assert (f"for {times} times" in decision.why) == (times > 1)


def test_of_equal_ones_ours_comes_first() -> None:
    decision = decided(MadeUp("numpy", 5.0), MadeUp("torch", 5.0, is_loaded=True))
    assert decision.plan.engine == "numpy"


def test_an_engine_may_take_all_the_room_that_there_is() -> None:
    other = MadeUp("torch", 1.0, is_loaded=True, needs_bytes=100)
    for room, engine in ((100, "torch"), (99, "numpy")):
        assert decided(MadeUp("numpy", 5.0), other, uses=Uses(room_bytes=room)).plan.engine == engine


def test_the_words_say_what_each_was_expected_to_take() -> None:
    others = (MadeUp("onnxruntime", 1e6, 150e6), MadeUp("torch", 2e6, 1.5e9, is_loaded=True))
    decision = decided(MadeUp("numpy", 8e6), *others)
    assert decision.why == (
        "torch is expected to be the fastest: onnxruntime 1 ms and 150 ms to start, torch 2 ms, numpy 8 ms"
    )
    decision = decided(MadeUp("numpy", 8e6), *others, uses=Uses(1000))
    assert decision.why == (
        "onnxruntime is expected to be the fastest for 1000 times: "
        "onnxruntime 1 ms and 150 ms to start, torch 2 ms, numpy 8 ms"
    )
    decision = decided(MadeUp("numpy", 0.25e9), MadeUp("torch", 3.2e12, 1.5e9))
    assert decision.why == ("numpy is expected to be the fastest: numpy 250 ms, torch 3200 s and 1.5 s to start")


@pytest.mark.parametrize(
    ("how", "why"),
    [({"accuracy": "exact"}, "numpy alone has exact sums"), ({"algorithm": "im2col"}, "numpy alone has algorithms")],
)
def test_what_numpy_alone_has_is_numpys(how: Mapping[str, Any], why: str) -> None:
    decision = decided(MadeUp("numpy", 1e9), MadeUp("torch", 1.0, is_loaded=True), **how)
    assert (decision.plan.engine, decision.why) == ("numpy", why)


def test_an_engine_that_is_named_is_taken_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "is_installed", lambda _: True)
    slow = MadeUp("torch", 1e12, 1e12)
    assert tuple(decided(MadeUp("numpy", 1.0), slow, engine="torch")) == (slow.plan(wanted()), "")
    lacking = slow._replace(lacking="int32")
    decision = decided(MadeUp("numpy", 1.0), lacking, engine="torch")
    assert (decision.plan.engine, decision.why) == ("numpy", "torch does not compute int32")


@pytest.mark.parametrize("engine", OTHERS)
def test_what_an_engine_cannot_have_is_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "is_installed", lambda _: True)
    with pytest.raises(UsageError, match=f"engine={engine}: exact sums are made by numpy alone") as fault:
        decide(wanted(accuracy="exact"), engine)
    assert fault.value.hint == "engine=numpy"
    with pytest.raises(UsageError, match="chooses its algorithm itself, im2col is one of numpy's"):
        decide(wanted(algorithm="im2col"), engine, option="--engine ")


@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_that_is_not_installed_is_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "is_installed", lambda name: name == "numpy")
    with pytest.raises(MissingExtraError) as fault:
        decide(wanted(), engine)
    assert fault.value.hint == f"pip install 'conv2d-cli[{engine}]'"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pytorch", "engine=torch"),
        ("", "numpy, onnxruntime"),
        ("NumPy", "engine=numpy"),
        (None, ""),
        (3, ""),
        (["torch"], ""),
    ],
)
def test_a_name_of_no_engine_is_refused(name: Any, hint: str) -> None:
    with pytest.raises(UsageError, match="no such engine") as fault:
        decide(wanted(), name)
    assert hint in str(fault.value.hint)


def loaded(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Let others be there and started, so that they may be planned for: that is done on integers."""
    patch.setattr(choice, "is_installed", lambda name: name in {"numpy", *names})
    patch.setattr(choice, "is_loaded", lambda name: name in {"numpy", *names})


def with_rates(patch: pytest.MonkeyPatch, factor: float) -> None:
    rates = {way: Rates(*(rate * factor for rate in rates)) for way, rates in ENGINE_RATES.items()}
    patch.setattr(cost_model, "ENGINE_RATES", rates)


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("is_prepared", [False, True])
def test_by_a_table_of_costs(engine: str, is_prepared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(monkeypatch, engine)
    for layer in ({}, {"channels": 64, "side": 56}, {"channels": 3, "side": 300}):
        one = wanted(**layer, is_prepared=is_prepared, threads=1)
        with pytest.MonkeyPatch.context() as patch:
            with_rates(patch, 1e4)
            assert decide(one, "auto").plan.engine == "numpy"
        with pytest.MonkeyPatch.context() as patch:
            with_rates(patch, 1e-4)
            assert decide(one, "auto").plan.engine == engine


def test_numpys_transforms_are_among_the_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(monkeypatch, *OTHERS)
    plan = decide(wanted(channels=128, side=56, accuracy="fast", threads=1), "auto").plan
    ours = plan_of_ours(plan.geometry, accuracy="fast", threads=1)
    assert ours.algorithm == "winograd"
    assert (plan.engine, plan.algorithm) == ("numpy", "winograd")
    strict = decide(wanted(channels=128, side=56, threads=1), "auto").plan
    assert strict.algorithm != "winograd"


def test_an_engine_that_has_not_started_is_not_worth_it_for_little() -> None:
    one = wanted(threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "is_installed", lambda _: True)
        patch.setattr(choice, "is_loaded", lambda name: name == "numpy")
        with_rates(patch, 1e-4)
        assert decide(one, "auto").plan.engine == "numpy"
        assert decide(one, "auto", Uses(10**7)).plan.engine in OTHERS
        # But not where its library has no room.
        assert decide(one, "auto", Uses(10**7, room_bytes=1 << 20)).plan.engine == "numpy"
