/**
 * Everything that a queue in Redis does by itself, in Lua: each command is one change that nobody sees half done. Its keys, after
 * a prefix:
 *
 *   job:ID       hash: the job; `turn` numbers orders, `handed` says that BullMQ has it, `due` is not before when
 *   jobs:STATE   sorted set of jobs: those that are open by `turn`, those that have ended by when
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

local function tell(id, kind, text)
  local number = call('INCR', key('events')) .. '-0'
  call('XADD', key('log'), 'MAXLEN', '~', '100000', number, 'job', id, 'kind', kind, 'text', text)
  call('XADD', key('log', id), number, 'job', id, 'kind', kind, 'text', text)
  return number
end

local function forgetProgress(id)
  local last = of(id, 'progress')
  if last then call('XDEL', key('log', id), last) end
end

local function enter(id, state)
  call('ZREM', key('jobs', of(id, 'state')), id)
  local isOpen = state == 'queued' or state == 'running'
  call('ZADD', key('jobs', state), isOpen and of(id, 'turn') or now(), id)
  set(id, 'state', state)
  if not isOpen then
    set(id, 'ended', now())
    forgetProgress(id)
  end
  if state == 'failed' or state == 'cancelled' then call('HDEL', key('keys'), of(id, 'key')) end
  tell(id, 'state', '{"event":"state","state":"' .. state .. '"}')
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
    -- BullMQ takes a job for lost that is in this set and without a lock. It would come into it at the next look only.
    call('SADD', key('attempts', 'stalled'), id)
    if state == 'queued' then
      call('HINCRBY', key('job', id), 'attempts', 1)
      enter(id, 'running')
    end
  end,
  removed = function(id) set(id, 'handed', 0) end,
  completed = function(id, state, result)
    set(id, 'handed', 0)
    if state ~= 'running' then return end
    local found = cjson.decode(result)
    if found.state == 'queued' then
      set(id, 'due', now() + found.pause)
      requeue(id)
    else
      set(id, 'files', found.files, 'url', found.url, 'failure', found.failure)
      enter(id, found.state)
    end
  end,
}

local function listen()
  local from = call('GET', key('heard')) or '0-0'
  local millisecond, number = from:match('(%d+)-(%d+)')
  local last = nil
  for _, entry in ipairs(call('XRANGE', key('attempts', 'events'), millisecond .. '-' .. string.format('%d', number + 1), '+')) do
    local event = {}
    for i = 1, #entry[2], 2 do event[entry[2][i]] = entry[2][i + 1] end
    local state = event.jobId and of(event.jobId, 'state')
    if state and hear[event.event] then hear[event.event](event.jobId, state, event.returnvalue) end
    last = entry[1]
  end
  if last then call('SET', key('heard'), last) end
end

-- Waiting jobs in the order in which they are claimed: those that BullMQ has, then those of whoever has the fewest running.
local function turns(time)
  local running, ranks, found = {}, {}, {}
  local function count(id)
    for _, owner in ipairs(call('SMEMBERS', key('owners', id))) do running[owner] = (running[owner] or 0) + 1 end
  end
  for _, id in ipairs(call('ZRANGE', key('jobs', 'running'), 0, -1)) do count(id) end
  for place, id in ipairs(call('ZRANGE', key('jobs', 'queued'), 0, -1)) do
    local job = call('HMGET', key('job', id), 'owner', 'size', 'due', 'handed')
    local owner = job[1]
    if job[4] == '1' then
      count(id)
      table.insert(found, {id = id, owner = owner, rank = 0, place = place})
    elseif tonumber(job[3]) <= time then
      ranks[owner] = (ranks[owner] or 0) + 1
      table.insert(found, {id = id, owner = owner, rank = ranks[owner], place = place, size = tonumber(job[2])})
    end
  end
  for _, job in ipairs(found) do job.running = job.rank == 0 and -1 or running[job.owner] or 0 end
  table.sort(found, function(a, b)
    if a.running ~= b.running then return a.running < b.running end
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.place < b.place
  end)
  return found
end

local commands = {
  submit = function(id, owner, order, size, work)
    local same = call('HGET', key('keys'), order)
    local turn = call('INCR', key('turns'))
    if not same then
      call('HSET', key('keys'), order, id)
      set(id, 'id', id, 'owner', owner, 'key', order, 'size', size, 'work', work, 'created', now(), 'turn', turn)
      set(id, 'state', 'queued', 'attempts', 0, 'wanted', 1, 'due', 0, 'handed', 0)
      enter(id, 'queued')
    end
    call('SADD', key('owners', same or id), owner)
    call('ZADD', key('owner', owner), turn, same or id)
    return same or id
  end,
  get = function(id) return call('HGETALL', key('job', id)) end,
  list = function(owner)
    local found = {}
    for i, id in ipairs(call('ZREVRANGE', key('owner', owner), 0, 199)) do found[i] = call('HGETALL', key('job', id)) end
    return found
  end,
  owns = function(id, owner) return call('SISMEMBER', key('owners', id), owner) end,
  place = function(id)
    for i, job in ipairs(turns(math.huge)) do
      if job.id == id then return i - 1 end
    end
    return nil
  end,
  open = function(owner)
    local count = 0
    for _, id in ipairs(call('ZRANGE', key('owner', owner), 0, -1)) do
      local state = of(id, 'state')
      if state == 'queued' or state == 'running' then count = count + 1 end
    end
    return count
  end,
  cancel = function(id)
    local state = of(id, 'state')
    if state == 'queued' then enter(id, 'cancelled') elseif state == 'running' then set(id, 'wanted', 0) end
  end,
  choose = function(room, perUser)
    for _, job in ipairs(turns(now())) do
      if job.size and job.size <= tonumber(room) and job.running < tonumber(perUser) then return job.id end
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
