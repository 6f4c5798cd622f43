/**
 * Everything that a queue in Redis does by itself, in Lua: each command is one change that nobody sees half done. Its keys, after
 * a prefix:
 *
 *   job:ID       hash: the job or part; `turn` numbers orders, `due` is not before when, `handed` says that BullMQ has it
 *   jobs:STATE   sorted set of jobs without parts: those that are open by `turn`, those that have ended by when
 *   work:STATE   sorted set of what workers claim, jobs that are not shared and parts, by `turn`
 *   keys         hash: the job that makes, or has made, what an order's key stands for
 *   owners:ID    set: who ordered a job; owner:NAME is the other way round, the newest last
 *   log, log:ID  streams of events: the newest of all jobs, and all of a job
 *   heard        how far the events of BullMQ's are noted
 *   attempts:*   BullMQ's
 *
 * BullMQ writes its stream of events in the same scripts that move its jobs. Every command first notes what it has not heard
 * yet, so that jobs are what BullMQ made of them at any look, whichever process died between two commands.
 */
export const SCRIPT = `
local prefix, command = ARGV[1], ARGV[2]
local call = redis.call

local function key(...) return prefix .. ':' .. table.concat({...}, ':') end
local function of(id, field) return call('HGET', key('job', id), field) end
local function set(id, ...) call('HSET', key('job', id), ...) end
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function isOpen(state) return state == 'queued' or state == 'running' end
local function wholeOf(id) return id:match('^[^.]+') end

-- What workers claim of a job: its parts, or itself.
local function piecesOf(id)
  local found = {}
  for i = 1, tonumber(of(id, 'parts') or 0) do found[i] = id .. '.' .. (i - 1) end
  return #found > 0 and found or {id}
end

-- Notes an event of a job, or of its part.
local function tell(id, kind, text)
  local whole, part = wholeOf(id), id:match('[.](%d+)$')
  local own = part and text:sub(1, -2) .. ',"part":' .. part .. '}' or text
  local number = call('INCR', key('events')) .. '-0'
  call('XADD', key('log'), 'MAXLEN', '~', '100000', number, 'job', whole, 'kind', kind, 'text', own)
  call('XADD', key('log', whole), number, 'job', whole, 'kind', kind, 'text', own)
  return number
end

local function forgetProgress(id)
  local last = of(id, 'progress')
  if last then call('XDEL', key('log', wholeOf(id)), last) end
end

local function put(id, state)
  local job = call('HMGET', key('job', id), 'state', 'turn', 'parts', 'key')
  local place = isOpen(state) and job[2] or now()
  if id == wholeOf(id) then
    call('ZREM', key('jobs', job[1]), id)
    call('ZADD', key('jobs', state), place, id)
  end
  if job[3] == '0' then
    call('ZREM', key('work', job[1]), id)
    if isOpen(state) then call('ZADD', key('work', state), place, id) end
  end
  set(id, 'state', state)
  if isOpen(state) then return end
  set(id, 'ended', place)
  if id == wholeOf(id) then
    for _, piece in ipairs(piecesOf(id)) do forgetProgress(piece) end
    if state ~= 'done' then call('HDEL', key('keys'), job[4]) end
  end
end

-- What waits ends, what runs is not wanted any more.
local function stop(id)
  local state = of(id, 'state')
  if state == 'running' then set(id, 'wanted', 0) elseif state == 'queued' then put(id, 'cancelled') end
  return state == 'queued'
end

local function tellState(id) tell(id, 'state', '{"event":"state","state":"' .. of(id, 'state') .. '"}') end

-- Gives a shared job the state that follows from those of its parts.
local function settle(id)
  local pieces, failure, files, count = piecesOf(id), nil, {}, {queued = 0, running = 0, done = 0}
  for _, piece in ipairs(pieces) do
    if of(piece, 'state') == 'failed' then failure = failure or of(piece, 'failure') end
  end
  for _, piece in ipairs(pieces) do
    if failure then stop(piece) end
    local state, own = of(piece, 'state'), of(piece, 'files') or '[]'
    count[state] = (count[state] or 0) + 1
    if own ~= '[]' then table.insert(files, own:sub(2, -2)) end
  end
  if count.queued + count.running > 0 then
    if count.queued == #pieces or of(id, 'state') ~= 'queued' then return end
    put(id, 'running')
  elseif failure then
    set(id, 'failure', failure)
    put(id, 'failed')
  elseif count.done == #pieces then
    set(id, 'files', '[' .. table.concat(files, ',') .. ']')
    put(id, 'done')
  else
    put(id, 'cancelled')
  end
  tellState(id)
end

-- A job has come to another state: who follows it hears of that.
local function moved(id)
  local whole = wholeOf(id)
  if whole == id and of(id, 'parts') == '0' then tellState(id) else settle(whole) end
end

local function enter(id, state)
  put(id, state)
  moved(id)
end

-- A job that nobody wants any more ends, any other waits again.
local function requeue(id) enter(id, of(id, 'wanted') == '1' and 'queued' or 'cancelled') end

local hear = {
  waiting = function(id, state)
    set(id, 'handed', 1)
    -- Its worker was lost.
    if state == 'running' then requeue(id) end
  end,
  active = function(id, state)
    if state == 'queued' then
      call('HINCRBY', key('job', id), 'attempts', 1)
      enter(id, 'running')
    end
  end,
  removed = function(id) set(id, 'handed', 0) end,
  completed = function(id, state, returned)
    set(id, 'handed', 0)
    if state ~= 'running' then return end
    local result = cjson.decode(returned)
    if result.state == 'queued' then
      set(id, 'due', now() + result.pause)
      requeue(id)
    else
      set(id, 'files', result.files, 'quality', result.quality, 'url', result.url, 'failure', result.failure)
      enter(id, result.state)
    end
  end,
}

local function listen()
  local from = call('GET', key('heard')) or '0-0'
  local time, number = from:match('(%d+)-(%d+)')
  local start = time .. '-' .. string.format('%d', number + 1)
  for _, entry in ipairs(call('XRANGE', key('attempts', 'events'), start, '+')) do
    call('SET', key('heard'), entry[1])
    local event = {}
    for i = 1, #entry[2], 2 do event[entry[2][i]] = entry[2][i + 1] end
    local state = event.jobId and of(event.jobId, 'state')
    if state and hear[event.event] then hear[event.event](event.jobId, state, event.returnvalue) end
  end
end

-- What waits for a worker, by turns: what BullMQ has, then of whoever has the fewest running what waits longest. Parts take
-- the room of all that wait.
local function turns(time)
  local running, ranks, sizes, found = {}, {}, {}, {}
  local function count(id)
    for _, owner in ipairs(call('SMEMBERS', key('owners', wholeOf(id)))) do running[owner] = (running[owner] or 0) + 1 end
  end
  for _, id in ipairs(call('ZRANGE', key('work', 'running'), 0, -1)) do count(id) end
  for place, id in ipairs(call('ZRANGE', key('work', 'queued'), 0, -1)) do
    local whole = wholeOf(id)
    local owner, size, due, handed = unpack(call('HMGET', key('job', id), 'owner', 'size', 'due', 'handed'))
    if handed == '1' or tonumber(due) <= time then
      if handed == '1' then count(id) else ranks[owner] = (ranks[owner] or 0) + 1 end
      sizes[whole] = (sizes[whole] or 0) + size
      local rank = handed == '1' and 0 or ranks[owner]
      table.insert(found, {id = id, whole = whole, owner = owner, rank = rank, place = place})
    end
  end
  for _, job in ipairs(found) do
    job.size = sizes[job.whole]
    job.running = job.rank == 0 and -1 or running[job.owner] or 0
  end
  table.sort(found, function(a, b)
    if a.running ~= b.running then return a.running < b.running end
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.place < b.place
  end)
  return found
end

local function add(id, owner, order, parts, size, work)
  set(id, 'id', id, 'owner', owner, 'key', order, 'parts', parts, 'size', size, 'work', work, 'created', now())
  set(id, 'state', 'queued', 'turn', call('INCR', key('turns')), 'attempts', 0, 'wanted', 1, 'due', 0, 'handed', 0)
  put(id, 'queued')
end

local commands = {
  submit = function(fresh, owner, order, size, work, ...)
    local same, parts = call('HGET', key('keys'), order), {...}
    local id = same or fresh
    if not same then
      call('HSET', key('keys'), order, id)
      add(id, owner, order, #parts / 2, size, work)
      for i = 1, #parts, 2 do add(id .. '.' .. (i - 1) / 2, owner, order, 0, parts[i], parts[i + 1]) end
      tellState(id)
    end
    call('SADD', key('owners', id), owner)
    call('ZADD', key('owner', owner), call('INCR', key('turns')), id)
    return id
  end,
  get = function(id) return call('HGETALL', key('job', id)) end,
  list = function(owner)
    local found = {}
    for i, id in ipairs(call('ZREVRANGE', key('owner', owner), 0, 199)) do found[i] = call('HGETALL', key('job', id)) end
    return found
  end,
  owns = function(id, owner) return call('SISMEMBER', key('owners', id), owner) end,
  place = function(id)
    local seen, count = {}, 0
    for _, job in ipairs(turns(math.huge)) do
      if job.whole == id then return count end
      if not seen[job.whole] then count = count + 1 end
      seen[job.whole] = true
    end
    return nil
  end,
  open = function(owner)
    local count, bytes = 0, 0
    for _, id in ipairs(call('ZRANGE', key('owner', owner), 0, -1)) do
      if isOpen(of(id, 'state')) then count, bytes = count + 1, bytes + of(id, 'size') end
    end
    return {count, bytes}
  end,
  cancel = function(id)
    local hasWaited = false
    for _, piece in ipairs(piecesOf(id)) do hasWaited = stop(piece) or hasWaited end
    if hasWaited then moved(id) end
  end,
  -- BullMQ takes jobs without a lease for lost where they are in its set of suspects, into which it puts them itself one look
  -- before.
  suspect = function()
    local running = call('ZRANGE', key('work', 'running'), 0, -1)
    for _, id in ipairs(running) do call('SADD', key('attempts', 'stalled'), id) end
    return #running
  end,
  choose = function(room, perUser)
    for _, job in ipairs(turns(now())) do
      if job.rank > 0 and job.size <= tonumber(room) and job.running < tonumber(perUser) then return job.id end
    end
    return nil
  end,
  wanted = function(id) return of(id, 'wanted') end,
  append = function(id, worker, ...)
    if call('GET', key('attempts', id, 'lock')) ~= worker then return end
    local events = {...}
    for i = 1, #events, 2 do
      local isProgress = events[i] == 'progress'
      -- Only the newest is of use to anybody.
      if isProgress then forgetProgress(id) end
      local number = tell(id, events[i], events[i + 1])
      if isProgress then set(id, 'progress', number) end
    end
  end,
  eventsOf = function(id, from) return call('XRANGE', key('log', id), from, '+') end,
  eventsFrom = function(from) return call('XRANGE', key('log'), from, '+', 'COUNT', 10000) end,
  lastEvent = function() return call('GET', key('events')) end,
  expire = function(before)
    local forgotten = {}
    for _, state in ipairs({'done', 'failed', 'cancelled'}) do
      for _, id in ipairs(call('ZRANGEBYSCORE', key('jobs', state), '-inf', '(' .. before)) do
        for _, owner in ipairs(call('SMEMBERS', key('owners', id))) do call('ZREM', key('owner', owner), id) end
        if state == 'done' then call('HDEL', key('keys'), of(id, 'key')) end
        for _, piece in ipairs(piecesOf(id)) do call('DEL', key('job', piece)) end
        call('DEL', key('job', id), key('owners', id), key('log', id))
        call('ZREM', key('jobs', state), id)
        table.insert(forgotten, id)
      end
    end
    return forgotten
  end,
  counts = function(...)
    local counts = {}
    for i, state in ipairs({...}) do counts[i] = call('ZCARD', key('jobs', state)) end
    return counts
  end,
}

listen()
return commands[command](unpack(ARGV, 3))
`;
