-- Takes over one job whose lease is over. ARGV: the worker, lease in ms, maximum of deliveries, the number of deliveries
-- from which on a job runs alone, 1 if the worker has no other job. A job that was delivered too often ends here.
-- A job that is to run alone does not wait for ever for a worker without others: after four leases it runs with them.
if redis.call('HGET', KEYS[4], 'state') == 'drained' then return {'none'} end
-- The last job may have been removed by a foreign hand.
drain(KEYS)
if redis.call('XLEN', KEYS[1]) == 0 then return {'none'} end
local pending = redis.call('XPENDING', KEYS[1], 'w', 'IDLE', ARGV[2], '-', '+', 100)
for _, known in ipairs(pending) do
  local id, owner, idle, deliveries = known[1], known[2], known[3], known[4]
  -- One of its own is most likely about to be renewed; if nobody does, nobody knows of it.
  local is_late = owner ~= ARGV[1] or idle >= 2 * tonumber(ARGV[2])
  if not is_late then
    -- Left alone.
  elseif deliveries >= tonumber(ARGV[3]) then
    bury(KEYS, id, 'dead', tostring(deliveries))
    drain(KEYS)
    return {'dead', id}
  elseif deliveries + 1 < tonumber(ARGV[4]) or ARGV[5] == '1' or idle >= 4 * tonumber(ARGV[2]) then
    local entry = redis.call('XCLAIM', KEYS[1], 'w', ARGV[1], ARGV[2], id)[1]
    -- A worker that has nothing any more is forgotten; one that lives is known again by its next call.
    if owner ~= ARGV[1] and owner ~= 'released' and #redis.call('XPENDING', KEYS[1], 'w', '-', '+', 1, owner) == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'w', owner)
    end
    if entry then return {'job', id, deliveries + 1, entry[2]} end
    -- Removed by a foreign hand: it has no outcome, but does not keep the queue from its end.
    redis.call('XACK', KEYS[1], 'w', id)
    return {'gone', id}
  end
end
return {'none'}
