-- Renews the leases of a worker. ARGV: the worker, and the ids of its jobs. Returns those that are not its own any more.
local lost = {}
local drained = redis.call('HGET', KEYS[4], 'state') == 'drained'
for n = 2, #ARGV do
  if drained or #redis.call('XPENDING', KEYS[1], 'w', ARGV[n], ARGV[n], 1, ARGV[1]) == 0 then
    lost[#lost + 1] = ARGV[n]
  else
    redis.call('XCLAIM', KEYS[1], 'w', ARGV[1], 0, ARGV[n], 'JUSTID')
  end
end
return lost
