"""The values that options can have, for completion: each list comes from its one home, loaded when it is asked for."""

from __future__ import annotations

COLORS = ("auto", "always", "never")
ACCURACIES_OF_BENCH = {
    "strict": ("strict",),
    "fast": ("fast",),
    "exact": ("exact",),
    "both": ("strict", "fast"),
    "all": ("strict", "fast", "exact"),
}


def formats(command: str | None) -> tuple[str, ...]:
    """Return the output formats of a command."""
    from conv2d_cli.render.formats import FORMATS, GRAPH_FORMATS

    return (*FORMATS, *GRAPH_FORMATS) if command == "stack" else FORMATS


def themes() -> tuple[str, ...]:
    """Return the themes of a picture."""
    from conv2d_cli.render.pictures.look import THEMES

    return THEMES


def colors() -> tuple[str, ...]:
    """Return when to colour."""
    return COLORS


def keys(command: str | None) -> tuple[str, ...]:
    """Return the keys of a command, in all its forms."""
    from conv2d_cli.report.bench import ROW_KEYS, CostsReport
    from conv2d_cli.report.code import CodeReport
    from conv2d_cli.report.compare import CompareReport
    from conv2d_cli.report.diff import DiffRow
    from conv2d_cli.report.draw_field import TOTALS as TOTALS_OF_FIELDS
    from conv2d_cli.report.explain import ExplainReport, ReconcileReport
    from conv2d_cli.report.info import InstallationReport, TensorReport
    from conv2d_cli.report.picture import TOTALS as TOTALS_OF_PICTURES
    from conv2d_cli.report.roofline import RooflineReport
    from conv2d_cli.report.run import ManyReport, PlanReport, RunReport
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.solve import SolutionRow
    from conv2d_cli.report.stack import TOTALS, NodeReport
    from conv2d_cli.report.trace import TOTALS as TOTALS_OF_TRACE
    from conv2d_cli.report.vectors import VectorsReport

    fields = {
        "shape": (*ShapeReport._fields, *RooflineReport._fields),
        "run": (*RunReport._fields, *PlanReport._fields, *ManyReport._fields),
        "compare": CompareReport._fields,
        "code": CodeReport._fields,
        "info": (*InstallationReport._fields, *TensorReport._fields),
        "solve": (*SolutionRow._fields, *ShapeReport._fields),
        "explain": (*ExplainReport._fields, *ReconcileReport._fields),
        "stack": (*TOTALS, *NodeReport._fields, *RooflineReport._fields),
        "trace": TOTALS_OF_TRACE,
        "draw": (*TOTALS_OF_PICTURES, *TOTALS_OF_FIELDS),
        "diff": DiffRow._fields,
        "sweep": (*ShapeReport._fields, *RooflineReport._fields),
        "vectors": VectorsReport._fields,
        "bench": (*ROW_KEYS, *CostsReport._fields),
    }
    return ("help", *dict.fromkeys(fields.get(command or "", ())))


def engines() -> tuple[str, ...]:
    """Return the engines."""
    from conv2d_cli.backends.api import ENGINES

    return ENGINES


def padding_words() -> tuple[str, ...]:
    """Return the words that a padding may be."""
    from conv2d_cli.layer.choices import PADDING_WORDS

    return PADDING_WORDS


def padding_modes() -> tuple[str, ...]:
    """Return the padding modes."""
    from conv2d_cli.layer.choices import PADDING_MODES

    return PADDING_MODES


def dtypes() -> tuple[str, ...]:
    """Return the element types, under torch's names."""
    from conv2d_cli.dtypes import DTYPES

    return tuple(DTYPES)


def booleans() -> tuple[str, ...]:
    """Return the truth values."""
    return ("true", "false")


def measures() -> tuple[str, ...]:
    """Return what rows of `sweep` are sorted by."""
    from conv2d_cli.report.measures import MEASURES, ON_A_MACHINE

    return (*MEASURES, *ON_A_MACHINE)


def quantities() -> tuple[str, ...]:
    """Return the names that a formula of one layer may hold."""
    from conv2d_cli.report.measures import ON_A_MACHINE, QUANTITIES

    return (*QUANTITIES, *ON_A_MACHINE)


def casts() -> tuple[str, ...]:
    """Return what a cast may lose."""
    from conv2d_cli.tensors.conversion import CASTS

    return CASTS


def layouts() -> tuple[str, ...]:
    """Return the orders of axes that images can have."""
    from conv2d_cli.tensors.layout import LAYOUTS

    return tuple(LAYOUTS)


def weight_layouts() -> tuple[str, ...]:
    """Return the orders of axes that a weight can have."""
    from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS

    return tuple(WEIGHT_LAYOUTS)


def algorithms() -> tuple[str, ...]:
    """Return the algorithms."""
    from conv2d_cli.engine.api import ALGORITHMS

    return ALGORITHMS


def accuracies() -> tuple[str, ...]:
    """Return the accuracies of `run`."""
    from conv2d_cli.engine.api import ACCURACIES

    return ACCURACIES


def accumulators() -> tuple[str, ...]:
    """Return what integers are accumulated in."""
    from conv2d_cli.engine.api import integer

    return integer.ACCUMULATORS


def on_overflow() -> tuple[str, ...]:
    """Return what may become of sums that an accumulator cannot hold."""
    from conv2d_cli.engine.api import integer

    return integer.ON_OVERFLOW


def quantized() -> tuple[str, ...]:
    """Return the element types that sums are requantised to."""
    from conv2d_cli.engine.api import integer

    return integer.QUANTIZED


def requantizing() -> tuple[str, ...]:
    """Return the ways to requantise."""
    from conv2d_cli.engine.api import integer

    return integer.REQUANTIZING


def accuracies_of_bench() -> tuple[str, ...]:
    """Return the accuracies of `bench`."""
    return (*ACCURACIES_OF_BENCH,)


def plots() -> tuple[str, ...]:
    """Return the parts of `--plot`: axes with the quantities that they can show, and what may colour points."""
    from conv2d_cli.report.measures import ON_A_MACHINE, QUANTITIES
    from conv2d_cli.report.roofline import RooflineReport
    from conv2d_cli.report.shape import ShapeReport

    numbers = (*QUANTITIES, *ON_A_MACHINE)
    colors = dict.fromkeys((*numbers, *ShapeReport._fields, *RooflineReport._fields))
    return (*(f"{axis}={number}" for axis in "xy" for number in numbers), *(f"color={color}" for color in colors))


def networks() -> tuple[str, ...]:
    """Return the networks that come with the program."""
    from conv2d_cli.network.shipped import SHIPPED

    return SHIPPED


def assumptions() -> tuple[str, ...]:
    """Return what may be assumed of networks."""
    return ("known", "none")


def conventions() -> tuple[str, ...]:
    """Return the ways to count work."""
    return ("macs", "macs+bias", "flops", "flops+bias")


def peaks() -> tuple[str, ...]:
    """Return how a machine's peak and bandwidth may be found."""
    return ("auto",)


def suites() -> tuple[str, ...]:
    """Return the suites of `bench`."""
    from conv2d_cli.jobs.bench.suites import SUITES

    return SUITES


def vector_data() -> tuple[str, ...]:
    """Return the kinds of data of test vectors."""
    from conv2d_cli.jobs.vectors.choices import DATA

    return tuple(DATA)


def vector_files() -> tuple[str, ...]:
    """Return the formats of test vectors."""
    from conv2d_cli.jobs.vectors.choices import FILES

    return tuple(FILES)


def vector_suites() -> tuple[str, ...]:
    """Return the suites of test vectors."""
    from conv2d_cli.jobs.vectors.choices import SUITES

    return tuple(SUITES)


def questions() -> tuple[str, ...]:
    """Return what `solve` can be asked of a layer."""
    from conv2d_cli.layer.questions import QUESTIONS

    return tuple(name + "=" * bool(question.value) for name, question in QUESTIONS.items())


def targets() -> tuple[str, ...]:
    """Return the frameworks and languages that a layer can be written in."""
    from conv2d_cli.codegen.registry import TARGETS

    return tuple(TARGETS)


def topics() -> tuple[str, ...]:
    """Return the topics of `help`."""
    from conv2d_cli.cli.topics import TOPICS

    return tuple(TOPICS)
