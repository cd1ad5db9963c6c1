"""A workload that forks as fast as it may, each time into a session of its own."""

from __future__ import annotations

import shutil

from tests.faults.ground import Ground, Skipped
from tests.faults.marked import GONE_BAR, Marked
from tests.faults.row import Round, fault
from tests.faults.victim import SAMPLING

NOBODYS_UID = 61_234  # of no user: the limit counts all processes of one
TIMEOUT_S = 1.0
# It ends by itself: the limit bounds how many there are, the clock how long. Some parents end at once, so
# that the numbers change all the time.
BOMB = """
use POSIX;
$SIG{CHLD} = "IGNORE";
$SIG{TERM} = "IGNORE" if $ARGV[0];
my $end = time + 12;
while (time < $end) {
    my $child = fork;
    if (defined $child) {
        if ($child == 0) { POSIX::setsid(); srand; }
        elsif (rand() < 0.2) { exit }
    }
    select(undef, undef, undef, 0.005 + rand() * 0.02);
}
"""


@fault("fork-bomb", "a fork bomb under a limit of processes", quick=1, full=10, bars=GONE_BAR)
def run(ground: Ground, number: int) -> Round:
    """All of it is gone three seconds after the time-out; each second one ignores TERM."""
    for tool in ("perl", "prlimit", "setpriv"):
        if shutil.which(tool) is None:
            raise Skipped(f"there is no {tool} here")
    ground.run_as_root("true")
    most = 40 if number == 0 else 200
    limits = ["prlimit", f"--nproc={most}", "setpriv", f"--reuid={NOBODYS_UID}", "--clear-groups"]
    with Marked(ground) as mark:
        argv = [*limits, "perl", "-e", BOMB, str(number % 2)]
        ground.victim.configure(SAMPLING + mark.workload("bomb", argv, TIMEOUT_S))
        ground.victim.start()
        with ground.load(batches_per_s=20):
            mark.begun_once(SAMPLING, most // 4)
            gone_ms = mark.wait_gone()
        verdict = ground.judge()
        mark.none_is_left()
    late_s = mark.late_s(gone_ms, TIMEOUT_S)
    return Round(verdict, None, {"gone after the time-out, s": late_s})
