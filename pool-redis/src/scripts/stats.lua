-- What is known of the queue, of one moment.
local meta = redis.call('HMGET', KEYS[4], 'state', 'accepted', 'ended')
local running = 0
if meta[1] ~= 'drained' and redis.call('EXISTS', KEYS[1]) == 1 then
  local pending = redis.call('XPENDING', KEYS[1], 'w')
  running = pending[1]
  for _, worker in ipairs(pending[4] or {}) do
    -- Given back, these wait.
    if worker[1] == 'released' then running = running - worker[2] end
  end
end
return {meta[1], meta[2], meta[3], redis.call('XLEN', KEYS[1]), running, redis.call('XLEN', KEYS[3])}
