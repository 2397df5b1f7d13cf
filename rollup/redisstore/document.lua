-- Writes a document: the key, and as arguments the version that it must have ('-1': any, '0': it does not
-- exist), the value, and its expiry in Unix milliseconds (0: never). Gives 1 when it was written. Versions
-- grow with the clock, so that one which was deleted does not get an old version again.
local old = redis.call('GET', KEYS[1])
local version = old and tonumber(string.match(old, '^(%d+):')) or 0
local expected = tonumber(ARGV[1])
if expected >= 0 and expected ~= version then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local value = string.format('%.0f:%s:', math.max(version + 1, now), ARGV[3]) .. ARGV[2]
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], value)
elseif tonumber(ARGV[3]) <= now then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], value, 'PXAT', ARGV[3])
end
return 1
