-- Ends the queue if it is closed and no job is left. Called by each script that may have removed the last one.
-- The group goes with it: that wakes every worker that waits for jobs, at this moment.
local function drain(keys)
  if redis.call('HGET', keys[4], 'state') == 'closed' and redis.call('XLEN', keys[1]) == 0 then
    redis.call('HSET', keys[4], 'state', 'drained')
    redis.call('XADD', keys[2], '*', 'end', '1')
    redis.call('XGROUP', 'DESTROY', keys[1], 'w')
  end
end

-- Ends one job: its outcome and its removal are one step. Returns 1, or 0 if it had ended before. XACK comes first, by
-- which no later call is refused for want of memory.
local function settle(keys, id, kind, payload)
  if redis.call('XACK', keys[1], 'w', id) == 0 then return 0 end
  redis.call('XADD', keys[2], '*', 'id', id, 'k', kind, 'r', payload)
  redis.call('XDEL', keys[1], id)
  redis.call('HINCRBY', keys[4], 'ended', 1)
  return 1
end

-- Ends a job that has no result, and keeps what it was.
local function bury(keys, id, kind, why)
  local entry = redis.call('XRANGE', keys[1], id, id)[1]
  if settle(keys, id, kind, why) == 0 then return 0 end
  local kept = {'id', id, 'k', kind, 'why', why}
  if entry then
    -- A foreign hand may have written more words than can be passed on at a time.
    for n = 1, math.min(#entry[2], 4000) do kept[#kept + 1] = entry[2][n] end
  end
  redis.call('XADD', keys[3], '*', unpack(kept))
  return 1
end
