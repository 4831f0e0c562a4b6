"""The options of `conv2d vectors` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, OUTPUT, PARAMETERS, RESULT, Size, option, shared


class VectorsOptions(NamedTuple):
    """The options as typed."""

    size: str | None
    suite: str | None
    seed: str | None
    cases: str | None
    data: str | None
    folder: str | None
    files: str
    layout: str | None
    weight_layout: str | None
    check: str | None
    force: bool
    schema: bool

    @property
    def of_writing(self) -> list[str]:
        """The names of options that were given and say what is written."""
        names = {"size": "-i", "cases": "--count", "folder": "-o"}
        given = self._replace(check=None, schema=False)._asdict()
        untouched = _vectors_options()._asdict()
        return [names.get(key, f"--{key.replace('_', '-')}") for key, value in given.items() if value != untouched[key]]


def _vectors_options(
    input_size: Size = None,
    suite: Annotated[
        str | None,
        option(
            "--suite",
            metavar="NAME",
            section=INPUT,
            help="layers that come along: corners, each for something that goes wrong",
            complete=choices.vector_suites,
        ),
    ] = None,
    seed: Annotated[
        str | None, option("--seed", metavar="N", section=PARAMETERS, help="what data is drawn from; 0 if not given")
    ] = None,
    cases: Annotated[
        str | None,
        option("--count", metavar="M", section=PARAMETERS, help="cases of each layer, of seeds N, N + 1, ...; 1"),
    ] = None,
    data: Annotated[
        str | None,
        option(
            "--data",
            metavar="KIND",
            section=PARAMETERS,
            help=f"{', '.join(choices.vector_data())}; normal of floats, else integers",
            complete=choices.vector_data,
        ),
    ] = None,
    folder: Annotated[
        str | None,
        option(*("--output", "-o"), metavar="FOLDER", section=RESULT, help="write them, with a manifest.json"),
    ] = None,
    files: Annotated[
        str,
        option(
            "--files",
            metavar="FORMAT",
            section=RESULT,
            help=", ".join(choices.vector_files()),
            complete=choices.vector_files,
        ),
    ] = "npy",
    layout: Annotated[
        str | None,
        option(
            "--layout",
            metavar="NHWC",
            section=RESULT,
            help="axes of input and output in the files; NCHW if not given",
            complete=choices.layouts,
        ),
    ] = None,
    weight_layout: Annotated[
        str | None,
        option(
            "--weight-layout",
            metavar="HWIO",
            section=RESULT,
            help="axes of the weight in the files: OIHW, HWIO, OHWI, CHWN",
            complete=choices.weight_layouts,
        ),
    ] = None,
    check: Annotated[
        str | None,
        option(
            "--check", metavar="FOLDER", section=RESULT, help="check every sum and every output; exit 1 unless all hold"
        ),
    ] = None,
    *,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace a folder of test vectors")] = False,
    schema: Annotated[bool, option("--json-schema", section=OUTPUT, help="the schema of manifest.json")] = False,
) -> VectorsOptions:
    return VectorsOptions(
        input_size, suite, seed, cases, data, folder, files, layout, weight_layout, check, force, schema
    )


vectors_options = shared(_vectors_options, "vectors_options")
