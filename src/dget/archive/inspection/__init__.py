"""Whether an archive is whole, and what each engine will make of it."""

from dget.archive.inspection.consumers import CONSUMERS, judge_all
from dget.archive.inspection.inspect import inspect_archive
from dget.archive.inspection.judgement import Consumer, Verdict, judge
from dget.archive.inspection.views import Inspected

__all__ = ["CONSUMERS", "Consumer", "Inspected", "Verdict", "inspect_archive", "judge", "judge_all"]
