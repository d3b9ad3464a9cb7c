"""The verbs of counters in Lua, one script each, for Valkey and Redis from version 7 on.

They say what ``memory.py`` and ``buckets.py`` say. Numbers are doubles there: whole up to 2^53, which is why an ask
comes with the ticks of one unit in two parts. Everything is under one prefix in braces, so that a cluster keeps it in
one place, and everything expires: a bucket a minute after it is full, a span a day after its end, a lease's note in a
day. The server's clock is the only one.
"""

SERVER_TIME = "(function() local t = redis.call('TIME') return (t[1] - 1767225600) * 10000000 + t[2] * 10 end)()"
"""Ticks since the beginning."""

_COMMON = """
local P = KEYS[1]
local LEASES, EVER = P .. 'leases', P .. 'generation'
local RATE, SPAN, SEATS = 0, 1, 2
local HELD = '|held'
local HOLDS, OVER, DONE = 0, 1, 2
local LEASE, KEPT, DEBT = 600000000, 86400, 864000000000
local call, floor, pack, unpack_ = redis.call, math.floor, cmsgpack.pack, cmsgpack.unpack
local now = CLOCK

-- An ask: counter, way, most, needed, amount, ticks, ends, whole ticks of a unit, and the rest in 1/most.
-- A part of a lease: an ask, and behind it: amount held, amount last taken, and up to where (RATE).
local function bucket(ask)
  local kept = call('GET', P .. 'b:' .. ask[1])
  if not kept then return now, 0, false end
  local point = unpack_(kept)
  local full, part = point[1], point[2]
  if full < now then return now, 0, false end
  if part >= ask[3] then return full + 1, 0, true end
  return full, part, true
end

local function later(full, part, amount, ask)
  local rest = amount * ask[9] + part
  local whole = floor(rest / ask[3])
  return full + amount * ask[8] + whole, rest - whole * ask[3]
end

local function bounded(full, part)
  if full > now + DEBT then return now + DEBT, 0 end
  return full, part
end

local function fill(ask, full, part)
  local left = floor((full - now) / 10000) + 60000
  if left > 0 then call('SET', P .. 'b:' .. ask[1], pack({full, part}), 'PX', left) end
end

local function held(ask) return tonumber(call('HGET', P .. 's:' .. ask[1] .. HELD, 'r') or 0) end

local function wait(ask, full, part, lent)
  if ask[4] > ask[3] or ask[3] <= 0 then return -1 end
  local point, rest = later(full, part, ask[4] + lent, ask)
  local over = point - now - ask[6]
  if over < 0 or (over == 0 and rest == 0) then return 0 end
  return rest > 0 and over + 1 or over
end

local function missing(ask, full, part)
  if full < now or ask[3] <= 0 then return 0 end
  return -floor(-((full - now) * ask[3] + part) / ask[6])
end

local function span(ask)
  local found = call('HMGET', P .. 's:' .. ask[1], 's', 'r', 'a')
  return tonumber(found[1] or 0), tonumber(found[2] or 0), ask[2] == SPAN and not found[3]
end

local function keep(ask)
  local key = P .. 's:' .. ask[1]
  if ask[2] == SPAN then call('EXPIREAT', key, ask[7] + KEPT) else call('EXPIRE', key, KEPT) end
end

local function reserve(ask, amount)
  if amount == 0 then return end
  local key = P .. 's:' .. ask[1]
  local sum = call('HINCRBY', key, 'r', amount)
  if sum < 0 or (sum == 0 and ask[2] == SEATS) then
    call('HDEL', key, 'r')
  elseif sum == amount or ask[2] == SEATS then
    keep(ask)
  end
end

local function stand(ask)
  if ask[2] == RATE then
    local full, part = bucket(ask)
    local lent = held(ask)
    return {missing(ask, full, part), lent, wait(ask, full, part, lent), false}
  end
  local settled, reserved, new = span(ask)
  return {settled, reserved, 0, new}
end

local function stand_all(asks)
  local found = {}
  for i, ask in ipairs(asks) do found[i] = stand(ask) end
  return found
end

local function load(id)
  local kept = call('GET', P .. 'l:' .. id)
  return kept and unpack_(kept)
end

local function save(id, lease) call('SET', P .. 'l:' .. id, pack(lease), 'EX', KEPT + 60) end

local function hold(id, lease)
  lease[1] = HOLDS
  save(id, lease)
  call('ZADD', LEASES, now + LEASE, id)
  call('EXPIRE', LEASES, KEPT + 60)
end

local function revive(id, lease)
  for _, part in ipairs(lease[2]) do
    if part[2] ~= RATE then reserve(part, part[10]) end
  end
  hold(id, lease)
end

local function lose(lease, lent)
  for _, part in ipairs(lease[2]) do
    if part[1] .. HELD == lent[1] and part[3] > 0 then
      local full, rest = bucket(part)
      fill(part, bounded(later(full, rest, lent[10], part)))
    end
  end
end

local function finish()
  local over = call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, 1000)
  for _, id in ipairs(over) do
    call('ZREM', LEASES, id)
    local lease = load(id)
    if lease and lease[1] == HOLDS then
      for _, part in ipairs(lease[2]) do
        if part[2] ~= RATE then
          reserve(part, -part[10])
          if string.sub(part[1], -#HELD) == HELD then lose(lease, part) end
        end
      end
      lease[1] = OVER
      save(id, lease)
    end
  end
end

local function generation()
  local ever = call('GET', EVER)
  if not ever then
    ever = string.format('%.0f', now)
    call('SET', EVER, ever)
  end
  return tonumber(ever)
end
"""

TAKE = (
    _COMMON
    + """
-- ARGV: lease, whether more is asked for under it, asks.
local id, more, asks = ARGV[1], ARGV[2] == '1', unpack_(ARGV[3])
finish()
local lease = load(id)
if lease then
  if lease[1] == OVER then revive(id, lease) end
  if lease[1] == DONE or not more then return pack({-1, generation(), stand_all(asks)}) end
end
local found = {}
for i, ask in ipairs(asks) do
  if ask[2] == RATE then
    if ask[3] <= 0 then return pack({i - 1, generation(), stand_all(asks)}) end
    local full, part = bucket(ask)
    local point, rest = later(full, part, ask[5], ask)
    local needed, of_needed, lent = point, rest, held(ask)
    if ask[4] ~= ask[5] or lent > 0 then needed, of_needed = later(full, part, ask[4] + lent, ask) end
    local over = needed - now - ask[6]
    if over > 0 or (over == 0 and of_needed > 0) then return pack({i - 1, generation(), stand_all(asks)}) end
    point, rest = bounded(point, rest)
    found[i] = {point, rest, lent}
  else
    local settled, reserved, new = span(ask)
    if settled + reserved + ask[4] > ask[3] then return pack({i - 1, generation(), stand_all(asks)}) end
    found[i] = {settled, reserved + ask[5], new}
  end
end
lease = lease or {HOLDS, {}}
local parts = {}
for _, part in ipairs(lease[2]) do parts[part[1]] = part end
local standings = {}
for i, ask in ipairs(asks) do
  local top = 0
  if ask[2] == RATE then
    top = found[i][1]
    fill(ask, top, found[i][2])
    standings[i] = {missing(ask, top, found[i][2]), found[i][3], 0, false}
  else
    reserve(ask, ask[5])
    standings[i] = {found[i][1], found[i][2], 0, found[i][3]}
  end
  local before = parts[ask[1]]
  ask[10] = ask[5] + (before and before[10] or 0)
  ask[11], ask[12] = ask[5], top
  if before then
    for at, value in ipairs(ask) do before[at] = value end
  else
    table.insert(lease[2], ask)
  end
end
hold(id, lease)
return pack({-1, generation(), standings})
"""
)

STANDINGS = (
    _COMMON
    + """
finish()
return pack({-1, generation(), stand_all(unpack_(ARGV[1]))})
"""
)

SETTLE = (
    _COMMON
    + """
-- ARGV: settlements, each: lease, hour, counters, what was spent of each, asks of a take without an answer.
for _, settlement in ipairs(unpack_(ARGV[1])) do
  local id, hour, counters, amounts, asks = unpack(settlement)
  local lease = load(id)
  local unknown = not lease
  if unknown and #asks > 0 then
    lease = {OVER, asks}
    for _, ask in ipairs(asks) do ask[10], ask[11], ask[12] = 0, 0, 0 end
  end
  if lease and lease[1] ~= DONE then
    local spent = {}
    for at, counter in ipairs(counters) do spent[counter] = amounts[at] end
    for _, part in ipairs(lease[2]) do
      local used = spent[part[1]] or 0
      if part[2] == RATE then
        local change = used - part[10]
        if change > 0 and part[3] > 0 then
          local full, rest = bucket(part)
          fill(part, bounded(later(full, rest, change, part)))
        elseif change < 0 and part[12] > now then
          local full, rest, there = bucket(part)
          local most = math.min(-change, part[11], floor((part[12] - now) * part[3] / part[6]))
          if there and most > 0 then fill(part, later(full, rest, -most, part)) end
        end
      else
        if lease[1] == HOLDS then reserve(part, -part[10]) end
        if part[2] == SPAN and used ~= 0 then
          local key = P .. 's:' .. part[1]
          call('HINCRBY', key, 's', used)
          call('HINCRBY', key, 'h' .. hour, used)
          keep(part)
        end
      end
    end
    call('ZREM', LEASES, id)
    if #asks > 0 then save(id, {DONE, {}}) else call('DEL', P .. 'l:' .. id) end
  end
end
return 1
"""
)

RENEW = (
    _COMMON
    + """
-- ARGV: this process, leases, and for each of them the asks if the store may have forgotten it.
local process, leases, asks = ARGV[1], unpack_(ARGV[2]), unpack_(ARGV[3])
for at, id in ipairs(leases) do
  local lease = load(id)
  if not lease and #asks[at] > 0 then
    for _, ask in ipairs(asks[at]) do ask[10], ask[11], ask[12] = ask[5], ask[5], 0 end
    lease = {OVER, asks[at]}
  end
  if lease and lease[1] == OVER then
    revive(id, lease)
  elseif lease and lease[1] == HOLDS then
    hold(id, lease)
  end
end
local THERE = P .. 'processes'
call('ZREMRANGEBYSCORE', THERE, '-inf', now)
if process ~= '' then call('ZADD', THERE, now + LEASE, process) end
call('EXPIRE', THERE, KEPT)
return call('ZCARD', THERE)
"""
)

ADJUST = (
    _COMMON
    + """
-- ARGV: counter, ends, hours, their sums, whether there may be more.
local ask = {ARGV[1], SPAN, 0, 0, 0, 0, tonumber(ARGV[2])}
local key, sums = P .. 's:' .. ask[1], unpack_(ARGV[4])
call('HSET', key, 'a', 1)
for at, hour in ipairs(unpack_(ARGV[3])) do
  local before = tonumber(call('HGET', key, 'h' .. hour) or 0)
  if sums[at] > before or (sums[at] < before and ARGV[5] == '0') then
    call('HINCRBY', key, 's', sums[at] - before)
    call('HSET', key, 'h' .. hour, string.format('%.0f', sums[at]))
  end
end
keep(ask)
return 1
"""
)
"""What the ledger knows of a span's hours."""
