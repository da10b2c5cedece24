-- Sends the requests of a file in turn (each ends with the mark below) and prints what came of it as one line of JSON.
local MARK = "\n--next--\n"
local requests, turn = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local text = file:read("*a")
  file:close()
  local from = 1
  while true do
    local at = text:find(MARK, from, true)
    if not at then break end
    requests[#requests + 1] = text:sub(from, at - 1)
    from = at + #MARK
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %.3f, "p99": %.3f, "slowest": %.3f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
