"""The table: each fault, its scenario, and how often it strikes here and in the short form of `make test`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torture.crowd import one_is_killed, prunes_beside_pulls, sixteen_on_one_cache
from torture.damage import damaged_caches
from torture.disks import full_disks, lost_permissions, power_cuts, quotas, read_only_disks
from torture.ground import Ground
from torture.kills import kills_of_archive_writing, kills_of_prunes, kills_of_pulls
from torture.refusals import refused_calls
from torture.row import Row
from torture.signals import readers_that_go, signals
from torture.soak import soak


@dataclass(frozen=True, slots=True)
class Torture:
    """long, short: how often, in `make torture` and in `make test`."""

    name: str
    fault: str
    scenario: Callable[[Ground, int], Row]
    long: int
    short: int


ROWS: Sequence[Torture] = (
    Torture("kill-pull", "kill -9 at random moments of a pull", kills_of_pulls, 200, 3),
    Torture("kill-archive", "kill -9 at random moments of writing an archive", kills_of_archive_writing, 100, 3),
    Torture("kill-prune", "kill -9 at random moments of a prune", kills_of_prunes, 100, 2),
    Torture("crowd", "16 processes pull overlapping images into one cache", sixteen_on_one_cache, 8, 1),
    Torture("takeover", "the one that fetches is killed while others wait", one_is_killed, 12, 1),
    Torture("prune-pull", "prunes run against 8 pulls in a loop", prunes_beside_pulls, 25, 2),
    Torture("disk-full", "the disk is full, from the start or from a moment on", full_disks, 80, 3),
    Torture("quota", "the quota is used up", quotas, 30, 2),
    Torture("read-only", "the disk becomes read-only", read_only_disks, 30, 2),
    Torture("permission", "the permission to write is lost", lost_permissions, 30, 2),
    Torture("power", "power is cut at random moments", power_cuts, 100, 2),
    Torture("refusals", "any call to the system is refused", refused_calls, 80, 2),
    Torture("damage", "files of the cache are damaged", damaged_caches, 200, 4),
    Torture("soak", "300 pulls in one process, with mixed faults", soak, 30, 2),
    Torture("signals", "SIGINT, SIGTERM, SIGHUP, SIGPIPE", signals, 64, 4),
    Torture("readers", "the reader of a piped archive goes away", readers_that_go, 40, 2),
)
