-- What is known of the queue, of one moment.
local meta = redis.call('HMGET', KEYS[4], 'state', 'accepted', 'ended')
local running = 0
if meta[1] ~= 'drained' and redis.call('EXISTS', KEYS[1]) == 1 then
  running = redis.call('XPENDING', KEYS[1], 'w')[1]
end
return {meta[1], meta[2], meta[3], redis.call('XLEN', KEYS[1]), running, redis.call('XLEN', KEYS[3])}
