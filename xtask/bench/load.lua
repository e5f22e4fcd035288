-- wrk script: the requests for each server. Environment: SERVER, MODE (read, list, create, update), IDS (a file, one id a
-- line), CURSORS (a file, "status<TAB>cursor" a line: page 20 of this server's list), TOKEN, SEED, PAGE (1 or 20).
local server, mode, page = os.getenv("SERVER"), os.getenv("MODE"), tonumber(os.getenv("PAGE") or "1")
local STATUS = { "new", "scheduled", "in_progress", "on_hold", "done", "cancelled" }
local ids, cursors = {}, {}
for line in io.lines(os.getenv("IDS")) do ids[#ids + 1] = line end
local walked = page > 1 and io.open(os.getenv("CURSORS"))
if walked then
  for line in walked:lines() do
    local status, cursor = line:match("^([^\t]+)\t(.+)$")
    cursors[status] = cursor
  end
end
math.randomseed(tonumber(os.getenv("SEED") or "42"))
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }

if (os.getenv("HOST") or "") ~= "" then headers["Host"] = os.getenv("HOST") end

local n = 0
local function row()
  n = n + 1
  return string.format(
    '"title":"New job %d","status":"%s","priority":%d,"customer":"cust-%05d","city":"Austin","phone":"+15125550100","scheduled_at":%d,"amount":%d,"assignee":"tech-%03d","notes":"lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum","created_ms":1750000000000,"updated_ms":1750000000000',
    n, STATUS[math.random(6)], math.random(0, 4), math.random(0, 1999), 1750000000000 + math.random(0, 1000000000),
    math.random(1, 4999), math.random(0, 39))
end

local function escape(text)
  return (text:gsub("[^%w%-_%.~]", function(c) return string.format("%%%02X", c:byte()) end))
end

local servers = {
  crm = {
    read = function(id) return "GET", "/records/service_job/" .. id end,
    list = function(status)
      local filter = escape('{"field":"status","op":"eq","value":"' .. status .. '"}')
      local path = "/records/service_job?limit=50&sort=-scheduled_at&filter=" .. filter
      if page > 1 then path = path .. "&cursor=" .. escape(cursors[status]) end
      return "GET", path
    end,
    create = function() return "POST", "/records/service_job", '{"fields":{' .. row() .. "}}" end,
    update = function(id) return "PATCH", "/records/service_job/" .. id, '{"fields":{"priority":' .. math.random(0, 4) .. "}}" end,
  },
  bare = {
    read = function(id) return "GET", "/rows/" .. id end,
    list = function(status) return "GET", "/rows?status=" .. status end,
    create = function() return "POST", "/rows", "{" .. row() .. "}" end,
    update = function(id) return "PATCH", "/rows/" .. id, '{"priority":' .. math.random(0, 4) .. "}" end,
  },
  pocketbase = {
    read = function(id) return "GET", "/api/collections/service_job/records/" .. id end,
    list = function(status)
      return "GET", "/api/collections/service_job/records?perPage=50&page=" .. page ..
        "&sort=-scheduled_at&skipTotal=1&filter=status%3D%22" .. status .. "%22"
    end,
    create = function() return "POST", "/api/collections/service_job/records", "{" .. row() .. "}" end,
    update = function(id) return "PATCH", "/api/collections/service_job/records/" .. id, '{"priority":' .. math.random(0, 4) .. "}" end,
  },
}
local make = servers[server][mode]

function request()
  local method, path, body
  if mode == "list" then method, path, body = make(STATUS[math.random(6)])
  else method, path, body = make(ids[math.random(#ids)]) end
  return wrk.format(method, path, headers, body)
end

local bad = 0
function response(status, _, body)
  if status >= 300 then
    bad = bad + 1
    if bad == 1 then io.stderr:write("first refusal: ", status, " ", body:sub(1, 300), "\n") end
  end
end

function done(summary, latency)
  io.write(string.format("RESULT %.1f %.3f %.3f %d %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
