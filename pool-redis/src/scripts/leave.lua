-- Forgets a worker that has left, unless it has jobs: with it they would be out of everybody's reach. ARGV: the worker.
if redis.call('HGET', KEYS[4], 'state') == 'drained' then return 0 end
if #redis.call('XPENDING', KEYS[1], 'w', '-', '+', 1, ARGV[1]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'w', ARGV[1])
return 1
