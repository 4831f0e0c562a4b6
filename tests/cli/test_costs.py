"""The table of costs of the user's machine: where it is, who uses it, and what is said of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from terminal import Done

from conv2d_cli.cli.costs import place_of_costs
from conv2d_cli.cli.machine import processor_name
from conv2d_cli.engine.api import COSTS, Costs
from conv2d_cli.jobs.costs import platform_of, read_costs, write_costs
from conv2d_cli.report.bench import CostsReport

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")

MODULES = """
import json, sys
from conv2d_cli.cli.main import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
# A measurement that takes no time.
FAKED = """
import sys
from conv2d_cli.engine.api import COSTS
from conv2d_cli.jobs.bench import calibration
calibration.measured_costs = lambda machine, date: COSTS._replace(machine=machine, date=date)
from conv2d_cli.cli.main import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.ones((1, 1, 64, 64), np.float32))
    return tmp_path


def keep(path: Path, *, cpu: str = "", **rates: Any) -> str:
    """Keep a table of this machine, but for some rates."""
    write_costs(path, COSTS._replace(date="2026-01-02", **rates), platform_of(cpu or processor_name()))
    return str(path)


def faked(*arguments: str, **environment: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FAKED, "bench", "--calibrate", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@posix
@pytest.mark.parametrize(
    ("environment", "system", "place"),
    [
        ({"HOME": "/a"}, "linux", "/a/.cache/conv2d/costs.json"),
        ({"HOME": "/a"}, "darwin", "/a/Library/Caches/conv2d/costs.json"),
        ({"LOCALAPPDATA": "/a", "HOME": "/b"}, "win32", "/a/conv2d/costs.json"),
        ({"HOME": "/a", "XDG_CACHE_HOME": "/b"}, "linux", "/b/conv2d/costs.json"),
        ({"HOME": "/a", "XDG_CACHE_HOME": "b"}, "linux", "/a/.cache/conv2d/costs.json"),
        ({"HOME": "/a", "XDG_CACHE_HOME": ""}, "linux", "/a/.cache/conv2d/costs.json"),
        ({"HOME": "/a", "XDG_CACHE_HOME": "/b", "CONV2D_COSTS": "c.json"}, "linux", "c.json"),
        ({"HOME": "/a", "XDG_CACHE_HOME": "/b", "CONV2D_COSTS": "none"}, "linux", None),
        ({"HOME": "/a", "CONV2D_COSTS": ""}, "linux", "/a/.cache/conv2d/costs.json"),
        ({"CONV2D_COSTS": "./none"}, "linux", "./none"),
        ({}, "linux", None),
        ({"HOME": ""}, "linux", None),
        ({"HOME": "~"}, "darwin", None),
        ({"HOME": "/a"}, "win32", None),
    ],
)
def test_where_it_is(environment: dict[str, str], system: str, place: str | None) -> None:
    assert place_of_costs(environment, system) == place


@pytest.mark.parametrize("home", ["", "relative", "/nowhere", "/dev/null", "/" + "x" * 5000])
def test_an_odd_home_is_no_fault(folder: Path, home: str) -> None:
    done = conv2d("info", "--get", "costs", folder=folder, CONV2D_COSTS="", XDG_CACHE_HOME="", HOME=home)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"built in, {COSTS.machine}, {COSTS.date}\n"


def test_the_commands_name_it_and_plan_by_it(folder: Path) -> None:
    cheap = keep(folder / "cache" / "conv2d" / "costs.json", fft=1e-6)
    dear = keep(folder / "dear.json", fft=1e6)
    layer = ("1", "1", "15", "--accuracy", "fast")
    places: Any = (
        ({"CONV2D_COSTS": "", "XDG_CACHE_HOME": str(folder / "cache")}, cheap, True),
        ({"CONV2D_COSTS": dear}, dear, False),
    )
    for environment, path, is_cheap in places:
        named = f"{path}, 2026-01-02"
        assert conv2d("info", "--get", "costs", **environment) == Done(0, f"{named}\n", "")
        plan = conv2d("run", "x.npy", *layer, "--plan", "--get", "costs,algorithm", folder=folder, **environment)
        used = conv2d("run", "x.npy", *layer, "-q", "--get", "algorithm", folder=folder, **environment)
        assert (plan.code, plan.err) == (0, "")
        table, algorithm = plan.out.splitlines()
        assert table == named
        assert (algorithm == "fft") == is_cheap
        assert used == Done(0, f"{algorithm}\n", "")
        # Its workers use the same.
        bench = ("bench", *layer, "-i", "64", "--engines", "conv2d", "--rounds", "1", "--threads", "1")
        assert conv2d(*bench, "--get", "algorithm", OPENBLAS_CORETYPE="", **environment) == Done(
            0, f"{algorithm}\n", ""
        )


def test_the_screens_name_it(folder: Path) -> None:
    own = keep(folder / "c.json")
    for arguments in (("info",), ("run", "x.npy", "1", "1", "3", "--plan")):
        done = conv2d(*arguments, "--format", "table", folder=folder, CONV2D_COSTS=own, COLUMNS="1000")
        assert f"{own}, 2026-01-02" in done.out
        done = conv2d(*arguments, "--json", folder=folder, CONV2D_COSTS="none")
        assert json.loads(done.out)["costs"] == f"built in, {COSTS.machine}, {COSTS.date}"
    plans = conv2d("run", "*.npy", "1", "1", "3", "--plan", "--format", "ndjson", folder=folder, CONV2D_COSTS=own)
    assert json.loads(plans.out)["costs"] == f"{own}, 2026-01-02"


def test_a_bad_or_foreign_one_is_a_note(folder: Path) -> None:
    keep(folder / "foreign.json", cpu="Another", fft=1e-6)
    (folder / "bad.json").write_text("{")
    cases = {
        "foreign.json": f"the costs in foreign.json are of another processor, 'Another'; here is {processor_name()!r}",
        "bad.json": "bad.json is no table of costs: Invalid JSON",
        "nothing.json": "cannot read the costs in nothing.json: No such file or directory",
        ".": "cannot read the costs in .: it is no regular file",
    }
    built_in = conv2d("run", "x.npy", "1", "1", "15", "--plan", "--get", "algorithm,costs", folder=folder)
    for path, words in cases.items():
        arguments = ("run", "x.npy", "1", "1", "15", "--plan", "--get", "algorithm,costs")
        done = conv2d(*arguments, folder=folder, CONV2D_COSTS=path)
        assert done.out == built_in.out
        assert done.code == 0
        assert done.err.startswith(f"note: {words}")
        assert "The built-in costs are used; " in done.err
        assert done.err.count("\n") == 1
        assert conv2d(*arguments, "-q", folder=folder, CONV2D_COSTS=path) == built_in
    assert conv2d("info", "--get", "costs", folder=folder, CONV2D_COSTS="bad.json").err.count("note: ") == 1
    # A file's own facts are not planned.
    assert conv2d("info", "x.npy", folder=folder, CONV2D_COSTS="bad.json").err == ""
    assert conv2d("shape", "1", "1", "3", folder=folder, CONV2D_COSTS="bad.json").err == ""
    assert conv2d("run", "x.npy", "0", "1", "3", folder=folder, CONV2D_COSTS="bad.json").err.startswith("error: ")


def test_a_name_that_is_no_text(folder: Path) -> None:
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("names there are text")
    path = folder / "\udcff\x1b.json"
    keep(path)
    done = conv2d("info", "--json", folder=folder, CONV2D_COSTS=str(path))
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["costs"].endswith(".json, 2026-01-02")
    done = conv2d("info", "--format", "table", folder=folder, CONV2D_COSTS=str(path))
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out


def test_without_a_file_nothing_more_is_loaded(folder: Path) -> None:
    def loaded(path: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-P", "-c", MODULES, "run", "x.npy", "1", "1", "3", "-q", "-o", "y.npy", "--force"],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
            env=os.environ | {"CONV2D_COSTS": path, "XDG_CACHE_HOME": str(folder / "nothing")},
        )
        modules: list[str] = json.loads(done.stderr.splitlines()[-1])
        return set(modules)

    without = loaded("")
    assert without == loaded("none")
    assert "conv2d_cli.jobs.costs" not in without
    assert "conv2d_cli.jobs.costs" in loaded(keep(folder / "c.json"))


def test_calibration_is_kept_shown_and_used(tmp_path: Path) -> None:
    environment: Any = {"CONV2D_COSTS": "", "XDG_CACHE_HOME": str(tmp_path)}
    path = tmp_path / "conv2d" / "costs.json"
    done = faked("--json", **environment)
    assert done.code == 0
    assert done.err == f"wrote {path}  the costs of this machine, by which plans are made from now on\n"
    record = json.loads(done.out)
    assert [*record] == ["schema_version", *CostsReport._fields]
    assert record["costs_file"] == str(path)
    read = read_costs(path, platform_of(processor_name()))
    assert read == Costs(**{name: record[name] for name in Costs._fields})
    assert conv2d("info", "--get", "costs", **environment).out == f"{path}, {read.date}\n"
    assert faked("-q", "--get", "fft,costs_file", **environment) == Done(0, f"{read.fft}\n{path}\n", "")
    for name in ("table", "plain", "csv", "markdown"):
        assert "gemm_flop" in faked("--format", name, **environment).out


def test_the_keys_of_a_calibration() -> None:
    done = conv2d("bench", "--calibrate", "--get", "help")
    assert [line.split()[0] for line in done.out.splitlines()] == [*CostsReport._fields]
    assert conv2d("bench", "--calibrate", "--get", "ratio").code == 2


@pytest.mark.parametrize(
    ("words", "mended"),
    [
        (("3", "8", "3"), ""),
        (("-i", "8"), ""),
        (("--suite", "resnet50", "--json"), " --json"),
        (("-s", "2", "-q"), " -q"),
        (("--threads", "1"), ""),
    ],
)
def test_it_takes_no_layer(words: tuple[str, ...], mended: str) -> None:
    done = conv2d("bench", "--calibrate", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: --calibrate measures NumPy's own operations, and no layer\nhint: conv2d bench --calibrate{mended}\n"
    )


def test_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    inside = str(tmp_path / "file" / "costs.json")
    for environment, code, words in (
        ({"CONV2D_COSTS": "none"}, 2, "CONV2D_COSTS=none: no table of costs is kept"),
        ({"CONV2D_COSTS": inside}, 4, f"cannot write {inside}: "),
        ({"CONV2D_COSTS": str(tmp_path)}, 4, f"cannot write {tmp_path}: it is no regular file"),
        (
            {"CONV2D_COSTS": "", "XDG_CACHE_HOME": "", "HOME": "", "LOCALAPPDATA": ""},
            4,
            "no variable names a folder to keep the costs in",
        ),
    ):
        done = faked(**environment)
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith(f"error: {words}")
        assert "hint: CONV2D_COSTS=FILE " in done.err


def test_a_real_one(tmp_path: Path) -> None:
    done = conv2d("bench", "--calibrate", "--json", CONV2D_COSTS=str(tmp_path / "c.json"))
    assert done.code == 0, done.err
    costs = read_costs(tmp_path / "c.json", platform_of(processor_name()))
    assert json.loads(done.out)["gemm_flop"] == costs.gemm_flop
    assert 1e-4 < costs.gemm_flop < 100
    assert costs.machine.startswith(processor_name())
