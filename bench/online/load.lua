-- The load that wrk sends: one online query per request, its key drawn at random; every answer is looked at.
--
-- Environment: CRETA_BENCH_TOKEN, CRETA_BENCH_KEYS, CRETA_BENCH_SEED, CRETA_BENCH_BEFORE and CRETA_BENCH_AFTER (the body
-- around the key), CRETA_BENCH_CELLS (how many valid outputs a right answer has).

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

-- Called once in each thread; what follows is global so that `done` can read it through `thread:get`.
function init()
  answers, wrong_status, wrong_body, first_wrong = 0, 0, 0, ""
  keys = tonumber(os.getenv("CRETA_BENCH_KEYS"))
  cells = tonumber(os.getenv("CRETA_BENCH_CELLS"))
  before, after = os.getenv("CRETA_BENCH_BEFORE"), os.getenv("CRETA_BENCH_AFTER")
  math.randomseed(tonumber(os.getenv("CRETA_BENCH_SEED")) * 1000 + number)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("CRETA_BENCH_TOKEN")
end

function request()
  return wrk.format(nil, nil, nil, before .. math.random(0, keys - 1) .. after)
end

-- Nulls, failed cells and errors of the whole query all travel in a 200.
local function is_right(body)
  if not string.find(body, '"errors":null', 1, true) then
    return false
  end
  -- LuaJIT compiles a plain `find`, but not a `gsub` that would count in one call.
  local valid, at = 0, 0
  repeat
    at = string.find(body, '"valid":true', at + 1, true)
    valid = at and valid + 1 or valid
  until not at
  return valid == cells
end

function response(status, _, body)
  answers = answers + 1
  local right = false
  if status ~= 200 then
    wrong_status = wrong_status + 1
  elseif is_right(body) then
    right = true
  else
    wrong_body = wrong_body + 1
  end
  if not right and first_wrong == "" then
    first_wrong = status .. " " .. string.sub(body, 1, 500)
  end
end

local function total(name)
  local sum = 0
  for _, thread in ipairs(threads) do
    sum = sum + thread:get(name)
  end
  return sum
end

local function first_wrong_answer()
  for _, thread in ipairs(threads) do
    if thread:get("first_wrong") ~= "" then
      return thread:get("first_wrong")
    end
  end
  return ""
end

-- One line per fact, read by wrk.py; latencies are in microseconds.
function done(summary, latency)
  local failed = summary.errors
  local facts = {
    requests = summary.requests,
    microseconds = summary.duration,
    p50 = latency:percentile(50),
    p99 = latency:percentile(99),
    p999 = latency:percentile(99.9),
    largest = latency.max,
    answers = total("answers"),
    wrong_status = total("wrong_status"),
    wrong_body = total("wrong_body"),
    connection_errors = failed.connect + failed.read + failed.write,
    timeouts = failed.timeout,
  }
  for name, value in pairs(facts) do
    io.write(string.format("fact %s %.0f\n", name, value))
  end
  io.write("first_wrong ", string.gsub(first_wrong_answer(), "\n", " "), "\n")
end
