"""On the path of a process, a clock that is wrong by so many seconds."""

import os
import time

OFFSET = int(os.environ["FALSE_CLOCK_SECONDS"])
_time, _time_ns = time.time, time.time_ns

time.time = lambda: _time() + OFFSET
time.time_ns = lambda: _time_ns() + OFFSET * 1_000_000_000
