-- Closes the queue: it accepts nothing more.
if redis.call('HGET', KEYS[4], 'state') == 'open' then redis.call('HSET', KEYS[4], 'state', 'closed') end
drain(KEYS)
return redis.call('HGET', KEYS[4], 'state')
