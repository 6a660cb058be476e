-- Ends jobs. ARGV: for each its id, the kind of its outcome, and the encoded outcome. Returns how many of them had
-- not ended before.
local settled = 0
for n = 1, #ARGV, 3 do
  local end_job = ARGV[n + 1] == 'undecodable' and bury or settle
  settled = settled + end_job(KEYS, ARGV[n], ARGV[n + 1], ARGV[n + 2])
end
drain(KEYS)
return settled
