--- What `require "mapi"` alone costs, against `require "luasql.sqlite3"`, each in a process of its own.
local harness = require "bench.harness"

-- Run by the child. The clock is loaded before, so that it is no part of what is measured.
local child = [[
local now = require "mapi.baseline".now
local from = now()
require "%s"
local took = now() - from
local maps = io.open("/proc/self/maps")
local text = maps and maps:read "a" or ""
print(string.format("%%.9f %%s", took, text:find("gmime", 1, true) and "gmime" or "none"))
]]

--- Seconds for one require in a fresh process.
local function once(module)
    local script = child:format(module)
    local pipe = assert(io.popen(string.format("exec %s -e '%s'", arg and arg[-1] or "lua5.4", script)))
    local answer = pipe:read "l"
    assert(pipe:close(), "the child that requires " .. module .. " failed")
    local seconds, loaded = answer:match "^(%S+) (%S+)$"
    assert(loaded == "none", "GMime was loaded by require \"" .. module .. "\"")
    return tonumber(seconds)
end

return function()
    local ours, reference = {}, {}
    once "mapi"
    once "luasql.sqlite3"
    for run = 1, 41 do
        if run % 2 == 1 then
            ours[run], reference[run] = once "mapi", once "luasql.sqlite3"
        else
            reference[run], ours[run] = once "luasql.sqlite3", once "mapi"
        end
    end
    local spec = { name = "require", unit = "us", what = [[require "luasql.sqlite3", each in a fresh process]] }
    return harness.result(spec, ours, reference, 1e6)
end
