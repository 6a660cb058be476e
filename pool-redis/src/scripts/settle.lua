-- Ends jobs. ARGV: for each its id, the kind of its outcome, and the encoded outcome. Returns how many of them had
-- not ended before.
local ids, to_bury = {}, false
for n = 1, #ARGV, 3 do
  ids[#ids + 1] = ARGV[n]
  to_bury = to_bury or ARGV[n + 1] == 'undecodable'
end

local settled = 0
if to_bury then
  for n = 1, #ARGV, 3 do
    local end_job = ARGV[n + 1] == 'undecodable' and bury or settle
    settled = settled + end_job(KEYS, ARGV[n], ARGV[n + 1], ARGV[n + 2])
  end
else
  -- All at a time, as a call for each job and each step is half of the work. If some had ended before, that the entry
  -- is still there tells the others from them: an outcome and the removal of the entry are one step.
  local all_are_new = redis.call('XACK', KEYS[1], 'w', unpack(ids)) == #ids
  for n = 1, #ARGV, 3 do
    if all_are_new or redis.call('XDEL', KEYS[1], ARGV[n]) == 1 then
      redis.call('XADD', KEYS[2], '*', 'id', ARGV[n], 'k', ARGV[n + 1], 'r', ARGV[n + 2])
      settled = settled + 1
    end
  end
  if all_are_new then redis.call('XDEL', KEYS[1], unpack(ids)) end
  redis.call('HINCRBY', KEYS[4], 'ended', settled)
end
drain(KEYS)
return settled
