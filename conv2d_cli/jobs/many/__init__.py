"""One layer over many files; a bad file does not stop the others."""

from conv2d_cli.jobs.many.drive import plan_many, run_many
from conv2d_cli.jobs.many.work import Listener

__all__ = ["Listener", "plan_many", "run_many"]
