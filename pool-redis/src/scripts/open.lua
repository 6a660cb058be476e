-- Makes the queue, unless there is one. Returns what is known of it.
-- ARGV: format, capacity, lease in ms, maximum of deliveries, 1 to make none; an empty one is the default or what is
-- stored.
local meta = KEYS[4]
if redis.call('EXISTS', meta) == 0 and ARGV[5] == '0' then
  local defaults = {ARGV[1], '0', '30000', '5'}
  for n = 2, 4 do if ARGV[n] ~= '' then defaults[n] = ARGV[n] end end
  -- By which the names of jobs of a former queue of this name, which was deleted, are told from its own.
  local now = redis.call('TIME')
  redis.call('HSET', meta, 'born', now[1] .. '.' .. now[2], 'state', 'open', 'format', defaults[1], 'capacity', defaults[2],
    'lease', defaults[3], 'deliveries', defaults[4], 'accepted', 0, 'ended', 0)
end
local known = redis.call('HMGET', meta, 'format', 'capacity', 'lease', 'deliveries', 'state')
if known[1] == ARGV[1] and known[5] ~= 'drained' then
  -- A group that is there is an error.
  redis.pcall('XGROUP', 'CREATE', KEYS[1], 'w', '0', 'MKSTREAM')
end
return known
