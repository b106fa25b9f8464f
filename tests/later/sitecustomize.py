"""Every Python that finds this on its path lives 400 days later, so that a leaked today's date differs."""

import datetime
import time

SHIFT = datetime.timedelta(days=400)
REAL, SECONDS = datetime.datetime, time.time
NANOSECONDS, GMTIME, LOCALTIME, STRFTIME = time.time_ns, time.gmtime, time.localtime, time.strftime


class Kind(type):
    """Lets a moment that was not made by `Later` pass for one."""

    def __instancecheck__(cls, moment: object) -> bool:
        return isinstance(moment, REAL)


class Later(REAL, metaclass=Kind):
    """A datetime whose `now` is shifted; `today` asks time.time and is shifted by that."""

    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + SHIFT

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


datetime.datetime = Later
time.time = lambda: SECONDS() + SHIFT.total_seconds()
time.time_ns = lambda: NANOSECONDS() + int(SHIFT.total_seconds()) * 10**9
time.gmtime = lambda seconds=None: GMTIME(time.time() if seconds is None else seconds)
time.localtime = lambda seconds=None: LOCALTIME(time.time() if seconds is None else seconds)
time.strftime = lambda form, moment=None: STRFTIME(form, moment or time.localtime())
