-- Gives back jobs that were not begun, so that others may take them at once. ARGV: the worker, lease in ms, and for each
-- job its id and the number of its deliveries, of which this one does not count.
-- They are those of a worker that is none, so that the one that leaves has nothing any more.
if redis.call('HGET', KEYS[4], 'state') == 'drained' then return 0 end
local released = 0
for n = 3, #ARGV, 2 do
  local id = ARGV[n]
  if #redis.call('XPENDING', KEYS[1], 'w', id, id, 1, ARGV[1]) == 1 then
    redis.call('XCLAIM', KEYS[1], 'w', 'released', 0, id, 'IDLE', ARGV[2], 'RETRYCOUNT', ARGV[n + 1] - 1, 'JUSTID')
    released = released + 1
  end
end
return released
