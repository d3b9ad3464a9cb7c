"""Conversations' decisions in Valkey, asked on the connection of the counters: what a request asks of both leaves in
one write.

A decision expires three days after it was last asked for, its words later; and past a bound the conversation that was
heard of longest ago goes. Who is followed is looked at once a second, for requests of keys that want nothing must not
cost a question each.
"""

import asyncio
from collections.abc import Collection

import msgspec

from penstock.core.counting import Unanswered
from penstock.core.terseness import Decided
from penstock.stores.claims import KEPT_SECONDS, Answered, Claim, Precedent
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_line import Reply, Script

MOST = 200_000
"""So many decisions are kept: some 80 MB."""
LOOK_SECONDS = 1.0
_WORDS_SECONDS = 2 * KEPT_SECONDS

CLAIM = Script("""
-- ARGV: name, outdated, proposed, its version, its words, tenant, seconds that decisions and words are kept, the most.
local P, call = KEYS[1] .. 'c:', redis.call
local name, heard, followed = P .. 'd:' .. ARGV[1], P .. 'heard', P .. 'followed'
local proposed, version, kept, longer = ARGV[3], ARGV[4], tonumber(ARGV[7]), ARGV[8]
local time = call('TIME')
local now = tonumber(time[1])

local function hear()
  call('ZADD', heard, now, ARGV[1])
  call('EXPIRE', heard, longer)
  if call('ZCARD', heard) > tonumber(ARGV[9]) then call('DEL', P .. 'd:' .. call('ZPOPMIN', heard)[1]) end
end

local found = call('GET', name)
if found and found ~= ARGV[2] then
  local has = string.match(found, '^[^\\n]*')
  local words = ''
  if has ~= '' then words = call('GET', P .. 'w:' .. has) end
  -- Whose words are lost can't be followed: what is proposed stands.
  if words then
    call('EXPIRE', name, kept)
    if has ~= '' then call('EXPIRE', P .. 'w:' .. has, longer) end
    hear()
    return cmsgpack.pack({found, words})
  end
end
if proposed == '' then return '' end
call('SET', name, proposed, 'EX', kept)
hear()
if version ~= '' then
  call('SET', P .. 'w:' .. version, ARGV[5], 'EX', longer)
  if call('ZADD', followed, now, ARGV[6]) == 1 then
    -- Never one that was there before, also when all has been forgotten meanwhile.
    call('SET', P .. 'number', time[1] .. '.' .. time[2], 'EX', longer)
  end
  call('ZREMRANGEBYSCORE', followed, '-inf', now - longer)
  call('EXPIRE', followed, longer)
end
return ''
""")
FOLLOWED = Script("""
-- ARGV: the number as last seen.
local P, call = KEYS[1] .. 'c:', redis.call
local number = call('GET', P .. 'number') or '0'
if number == ARGV[1] then return '' end
return cmsgpack.pack({number, call('ZRANGE', P .. 'followed', 0, -1)})
""")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Decided).decode
_claimed = msgspec.msgpack.Decoder(tuple[str, str]).decode
_told = msgspec.msgpack.Decoder(tuple[str, list[str]]).decode


class ValkeyClaims:
    """Beside the counters of one server, under their prefix."""

    records = False

    def __init__(self, counters: ValkeyCounters, *, most: int = MOST) -> None:
        """``counters`` are closed by whoever opened them."""
        self._counters = counters
        counters.prepare(CLAIM, FOLLOWED)
        self._most = b"%d" % most
        self._tenants: frozenset[str] = frozenset()
        self._number = b""
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.create_future()
        self._timer = self._loop.call_soon(self._look)

    def claim(self, claim: Claim, answered: Answered) -> None:
        """Asks, in the same write as whatever else is asked in this turn of the event loop."""
        proposed, outdated = claim.proposed, claim.outdated
        words = (
            claim.beginning.encode(),
            b"" if outdated is None else _value(outdated),
            b"" if proposed is None else _value(proposed),
            b"" if proposed is None else proposed.rules.encode(),
            claim.words.encode(),
            claim.tenant.encode(),
            b"%d" % KEPT_SECONDS,
            b"%d" % _WORDS_SECONDS,
            self._most,
        )
        asked = self._counters.asked(CLAIM, words)
        asked.add_done_callback(lambda done: answered(_found(done)))

    def followed(self) -> Collection[str]:
        """As last looked at."""
        return self._tenants

    async def begin(self) -> None:
        """The first look is over."""
        await self._looked

    async def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        self._counters.asked(FOLLOWED, (self._number,)).add_done_callback(self._seen)
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def _seen(self, done: "asyncio.Future[Reply]") -> None:
        reply = b"" if done.exception() else done.result()
        if isinstance(reply, bytes) and reply:
            number, tenants = _told(reply)
            self._number, self._tenants = number.encode(), frozenset(tenants)
        if not self._looked.done():
            self._looked.set_result(None)


def _value(decided: Decided) -> bytes:
    # Its version by itself, so that the server need not know how the rest is written.
    return b"%b\n%b" % (decided.rules.encode(), _encode(decided))


def _found(done: "asyncio.Future[Reply]") -> Precedent | Unanswered | None:
    error = done.exception()
    if error is not None:
        return error if isinstance(error, Unanswered) else Unanswered(type(error).__name__)
    reply = done.result()
    if not isinstance(reply, bytes) or not reply:
        return None
    value, words = _claimed(reply)
    return Precedent(_decode(value.partition("\n")[2]), words)
