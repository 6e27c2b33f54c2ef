"""A budget's count in Redis, for processes on several machines.

One script for each question: Redis runs it alone, so no two processes are granted the same dollars. Redis
keeps what it is told for as long as its own persistence says; one restarted without any begins at zero.
"""

from __future__ import annotations

from typing import Any

from shared_router.errors import BudgetStoreError, MissingExtraError
from shared_router.resilience.budgets.store import KEPT_PERIODS, Account, Taken

_TTL_S = 100 * 86_400
"""Longer than three months, which a budget by the month keeps."""

_TAKE = """
local asked, field = tonumber(ARGV[1]), ARGV[2]
local want, least, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local kept, period = redis.call('ZRANGE', KEYS[1], 0, -1), asked
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  if #kept >= tonumber(ARGV[6]) then
    if asked < tonumber(kept[1]) then
      period = tonumber(kept[1])
    else
      redis.call('ZREM', KEYS[1], kept[1])
      redis.call('UNLINK', KEYS[1] .. ':' .. kept[1])
    end
  end
  if period == asked then redis.call('ZADD', KEYS[1], asked, ARGV[1]) end
end
local counts = KEYS[1] .. ':' .. string.format('%d', period)
local taken, granted = tonumber(redis.call('HGET', counts, field) or '0'), 0
if limit - taken >= least then granted = math.max(0, math.min(want, limit - taken)) end
if granted > 0 then
  redis.call('HINCRBY', counts, field, string.format('%d', granted))
  redis.call('EXPIRE', counts, ARGV[7])
end
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {granted, taken + granted, period}
"""

_PUT_BACK = """
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local counts = KEYS[1] .. ':' .. ARGV[1]
local taken = tonumber(redis.call('HGET', counts, ARGV[2]) or '0') - tonumber(ARGV[3])
redis.call('HSET', counts, ARGV[2], string.format('%d', math.max(0, taken)))
redis.call('EXPIRE', counts, ARGV[4])
return 1
"""


class RedisStore:
    """Count in Redis, which is connected to at the first question.

    Args:
        url: Where it is, such as `"redis://localhost:6379/0"`. Not in the repr: it may hold a password.
        timeout_s: How long to wait for it.
        prefix: What its keys begin with.

    Raises:
        MissingExtraError: If the package redis is not installed.
    """

    def __init__(self, url: str, *, timeout_s: float = 1.0, prefix: str = "routellm:budget") -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise MissingExtraError.of("redis", "redis") from error
        self._errors = (redis.RedisError, OSError)
        self._prefix = prefix
        # its pool knows of forks, and connects when it is first asked; what may have been done once must
        # not be done again: dollars put back twice would open the budget
        client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = client.register_script(_TAKE)
        self._put_back = client.register_script(_PUT_BACK)

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take what is left; see `BudgetStore`."""
        about = [account.period, account.key, want, least, limit, KEPT_PERIODS, _TTL_S]
        granted, taken, period = self._run(self._take, account, about)
        return Taken(int(granted), int(taken), int(period))

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; see `BudgetStore`."""
        self._run(self._put_back, account, [account.period, account.key, amount, _TTL_S])

    def _run(self, script: Any, account: Account, about: list[Any]) -> Any:
        try:
            # the braces keep a budget's keys on one node of a cluster
            return script(keys=[f"{self._prefix}:{{{account.budget}}}"], args=about)
        except self._errors as error:
            raise BudgetStoreError.of("the budget's Redis", error) from error
