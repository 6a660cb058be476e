-- Accepts jobs, as many as there is room for, unless the queue is closed. A name that is known is told even then.
-- ARGV: how long a key is known in ms, or 0 for a job without one; the encoded jobs. KEYS[5]: the key.
local state = redis.call('HGET', KEYS[4], 'state')
if not state then return {'deleted'} end
local known_for = tonumber(ARGV[1])
if known_for > 0 then
  local born, id = string.match(redis.call('GET', KEYS[5]) or '', '^(.*) (.*)$')
  if id and born == redis.call('HGET', KEYS[4], 'born') then return {'known', id} end
end
if state ~= 'open' then return {'closed'} end
local count = #ARGV - 1
local capacity = tonumber(redis.call('HGET', KEYS[4], 'capacity'))
if capacity > 0 then
  count = math.min(count, capacity - redis.call('XLEN', KEYS[1]))
  if count <= 0 then return {'full'} end
end
local reply = {'accepted'}
for n = 1, count do
  reply[n + 1] = redis.call('XADD', KEYS[1], '*', 'v', '1', 'j', ARGV[n + 1])
end
redis.call('HINCRBY', KEYS[4], 'accepted', count)
if known_for > 0 then
  redis.call('SET', KEYS[5], redis.call('HGET', KEYS[4], 'born') .. ' ' .. reply[2], 'PX', ARGV[1])
end
return reply
