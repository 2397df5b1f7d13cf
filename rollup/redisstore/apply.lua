#!lua name=logproc_@ID@
-- The one atomic step of logproc's store: it replaces the state of a partition and adds counts, if and only
-- if the state is still the one that the caller decided on.
--
-- A commit is ONE write: that of the state, which holds the new values of the counts that it changes. The next
-- commit first copies them to their hashes ("folds" them). So no part of a commit can be on the disk without the
-- rest. A transaction of several writes would not do: when the append-only file is cut off inside of one, Redis 7.0
-- drops it at the next start, but leaves its beginning in the file, and the start after that takes it for the
-- beginning of whatever transaction follows. Folding may be done again at any time, as the values are absolute.
--
-- keys: the partition's state, its set of days, then one hash for each section.
-- args: the expected state ('' for none), the new one (the same to have the old one confirmed), '1' to write the state even if it is not the expected
--       one, then the sections: kind ('c', 'f', 'x' or 'd'), day, number of fields, and so many fields and additions.
-- Gives 1 when it was done, else the state that is stored ('' for none).
--
-- The value of a state is its length as a decimal, ':', the state, and the sections that are not folded yet: kind,
-- day, number of fields, and so many fields and values, each with its length before it as a decimal and ':'.
--
-- An error leaves all as it was. Numbers are
-- added as they are stored, seven bits at a time, as Lua's own are exact only up to 2^53.

-- Globals cannot be used before the function is called, hence not string.byte.
local byte, sub, char = (' ').byte, (' ').sub, (' ').char
local largest = '\255\255\255\255\255\255\255\255\255\1' -- 2^64-1
local max_forms = @MAXFORMS@
local chunk = 500 -- fields in one call: all of them lie on Lua's stack

local function corrupt()
  error({err = 'LOGPROC_CORRUPT counts that cannot be read'})
end

-- last_of gives the place of the last byte of the number at i.
local function last_of(s, i)
  local b = byte(s, i)
  while b and b >= 128 do
    i = i + 1
    b = byte(s, i)
  end
  if not b then corrupt() end
  return i
end

-- sum adds two numbers; one that would be too large is the largest.
local function sum(a, b)
  if #a < #b then a, b = b, a end
  local digits, carry = {}, 0
  for i = 1, #a do
    local d = byte(a, i) % 128 + carry
    if i <= #b then d = d + byte(b, i) % 128 end
    carry = d >= 128 and 1 or 0
    digits[i] = d % 128 + 128
  end
  if carry == 1 then digits[#digits + 1] = 129 end
  local n = #digits
  digits[n] = digits[n] - 128
  if n > 10 or n == 10 and digits[10] > 1 then return largest end
  return char(unpack(digits))
end

-- merged adds two lists of pairs. Mostly the addition belongs to the last quarter, or comes after it.
local function merged(old, new)
  if not old or old == '' then return new end
  local last = #old - 1
  while last > 0 and byte(old, last) >= 128 do last = last - 1 end
  if last < 1 or byte(old, #old) >= 128 then corrupt() end
  if byte(old, last) < byte(new, 1) then return old .. new end
  if byte(old, last) == byte(new, 1) then
    local n = last_of(new, 2)
    return sub(old, 1, last) .. sum(sub(old, last + 1), sub(new, 2, n)) .. sub(new, n + 1)
  end
  local out, i, j = {}, 1, 1
  while i <= #old and j <= #new do
    local q, r = byte(old, i), byte(new, j)
    if q <= r then
      local n = last_of(old, i + 1)
      if q == r then
        local m = last_of(new, j + 1)
        out[#out + 1] = char(q) .. sum(sub(old, i + 1, n), sub(new, j + 1, m))
        j = m + 1
      else
        out[#out + 1] = sub(old, i, n)
      end
      i = n + 1
    else
      local m = last_of(new, j + 1)
      out[#out + 1] = sub(new, j, m)
      j = m + 1
    end
  end
  out[#out + 1] = sub(old, i)
  out[#out + 1] = sub(new, j)
  return table.concat(out)
end

local function decode(s, i, n)
  local value, scale = 0, 1
  for k = i, n do
    value = value + byte(s, k) % 128 * scale
    scale = scale * 128
  end
  return value
end

local function encode(value)
  local out = {}
  while value >= 128 do
    out[#out + 1] = char(value % 128 + 128)
    value = math.floor(value / 128)
  end
  out[#out + 1] = char(value)
  return table.concat(out)
end

-- forms reads a list of forms: text and pairs, each with its length before it.
local function forms(s)
  local list, i, parts = {}, 1, {}
  while i <= #s do
    for p = 1, 2 do
      local n = last_of(s, i)
      local length = decode(s, i, n)
      if n + length > #s then corrupt() end
      parts[p] = sub(s, n + 1, n + length)
      i = n + length + 1
    end
    list[#list + 1] = {text = parts[1], pairs = parts[2]}
  end
  return list
end

local function total(pairs_of)
  local value, i = 0, 1
  while i <= #pairs_of do
    local n = last_of(pairs_of, i + 1)
    value = value + decode(pairs_of, i + 1, n)
    i = n + 1
  end
  return value
end

-- before orders texts by their bytes; Lua's own order would be that of the server's locale.
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- merged_forms adds two lists of forms and keeps the most frequent.
local function merged_forms(old, new)
  local list, place = forms(old or ''), {}
  for i, form in ipairs(list) do place[form.text] = i end
  for _, form in ipairs(forms(new)) do
    local i = place[form.text]
    if i then
      list[i].pairs = merged(list[i].pairs, form.pairs)
    else
      list[#list + 1] = form
    end
  end
  for _, form in ipairs(list) do form.n = total(form.pairs) end
  table.sort(list, function(a, b)
    if a.n ~= b.n then return a.n > b.n end
    return before(a.text, b.text)
  end)
  local out = {}
  for i = 1, math.min(#list, max_forms) do
    local form = list[i]
    out[#out + 1] = encode(#form.text) .. form.text .. encode(#form.pairs) .. form.pairs
  end
  return table.concat(out)
end

-- text writes a text with its length before it.
local function text(s)
  return #s .. ':' .. s
end

-- cut reads the text at i; it gives what comes after it, too.
local function cut(s, i)
  local colon = string.find(s, ':', i, true)
  local n = colon and tonumber(sub(s, i, colon - 1))
  if not n or colon + n > #s then corrupt() end
  return sub(s, colon + 1, colon + n), colon + n + 1
end

-- fold copies the sections of a value from i on to their hashes.
local function fold(state_key, value, i)
  local base = sub(state_key, 1, -6) -- without 'state'
  while i <= #value do
    local kind, day, number, field, v
    kind, i = cut(value, i)
    day, i = cut(value, i)
    number, i = cut(value, i)
    local write = {base .. kind .. ':' .. day}
    for n = 1, tonumber(number) do
      field, i = cut(value, i)
      v, i = cut(value, i)
      write[#write + 1] = field
      write[#write + 1] = v
      if #write > 2 * chunk or n == tonumber(number) then
        redis.call('HSET', unpack(write))
        write = {write[1]}
      end
    end
    redis.call('SADD', base .. 'days', day)
  end
end

-- sections computes the new values of all sections, as a state holds them, and gathers the days.
local function sections(keys, args)
  local parts, days, at, k = {}, {}, 4, 3
  while at <= #args do
    local merge = args[at] == 'f' and merged_forms or merged
    local stop = at + 2 + 2 * tonumber(args[at + 2])
    days[#days + 1] = args[at + 1]
    for i = at, at + 2 do parts[#parts + 1] = text(args[i]) end
    for first = at + 3, stop, 2 * chunk do
      local fields = {}
      local last = math.min(first + 2 * chunk - 1, stop)
      for i = first, last, 2 do fields[#fields + 1] = args[i] end
      local old = redis.call('HMGET', keys[k], unpack(fields))
      for j, field in ipairs(fields) do
        parts[#parts + 1] = text(field)
        parts[#parts + 1] = text(merge(old[j], args[first + 2 * j - 1]))
      end
    end
    at, k = stop + 1, k + 1
  end
  return table.concat(parts), days
end

local function apply(keys, args)
  local value = redis.call('GET', keys[1])
  local stored, rest = '', 1
  if value then stored, rest = cut(value, 1) end
  if stored ~= args[1] or args[1] == args[2] then
    -- Where the disk is waited for, the caller has to wait for what others wrote, too: only a write of
    -- its own makes the server do that.
    if args[3] == '1' and value then redis.call('SET', keys[1], value) end
    if stored ~= args[1] then return stored end
    return 1
  end
  if value then fold(keys[1], value, rest) end
  local added, days = sections(keys, args)
  for _, day in ipairs(days) do redis.call('SADD', keys[2], day) end
  redis.call('SET', keys[1], text(args[2]) .. added)
  return 1
end

-- settle folds what a partition's state holds. keys: the state.
local function settle(keys)
  local value = redis.call('GET', keys[1])
  if not value then return 1 end
  local state, rest = cut(value, 1)
  if rest <= #value then
    fold(keys[1], value, rest)
    redis.call('SET', keys[1], text(state))
  end
  return 1
end

-- forget deletes a day of a partition. keys: its state, its days, then its hashes; args: the day.
local function forget(keys, args)
  settle(keys)
  redis.call('SREM', keys[2], args[1])
  redis.call('UNLINK', unpack(keys, 3))
  return 1
end

-- What frees memory must be possible when there is none left.
local freeing = {'allow-oom'}

redis.register_function('logproc_apply_@ID@', apply)
redis.register_function({function_name = 'logproc_settle_@ID@', callback = settle, flags = freeing})
redis.register_function({function_name = 'logproc_forget_@ID@', callback = forget, flags = freeing})

