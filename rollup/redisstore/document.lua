-- document writes a document. keys: its key; args: the version that it must have ('-1': any, '0': it does not
-- exist), the value, and its expiry in Unix milliseconds (0: never). Gives 1 when it was written. Versions
-- grow with the clock, so that one which was deleted does not get an old version again. This file follows
-- apply.lua in one library.
local function document(keys, args)
  local old = redis.call('GET', keys[1])
  local version = old and tonumber(string.match(old, '^(%d+):')) or 0
  local expected = tonumber(args[1])
  if expected >= 0 and expected ~= version then return 0 end
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local value = string.format('%.0f:%s:', math.max(version + 1, now), args[3]) .. args[2]
  if args[3] == '0' then
    redis.call('SET', keys[1], value)
  elseif tonumber(args[3]) <= now then
    redis.call('DEL', keys[1])
  else
    redis.call('SET', keys[1], value, 'PXAT', args[3])
  end
  return 1
end

redis.register_function('logproc_document_@ID@', document)
