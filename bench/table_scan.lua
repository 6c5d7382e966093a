--- Five columns of a million messages in Lua, and what it takes of memory.
local generated = require "bench.generated"
local harness = require "bench.harness"
local sqlite = require "luasql.sqlite3"

local columns = { "subject", "sender_name", "message_delivery_time", "message_size", "message_flags" }
local query = [[
    SELECT subject, sender_name, delivery_time AS message_delivery_time, size AS message_size, flags AS message_flags
    FROM message WHERE folder = %d AND associated = 0 ORDER BY id]]

--- Megabytes of memory that the process has in use.
local function resident()
    local file <close> = assert(io.open "/proc/self/statm")
    return assert(tonumber(file:read "a":match "^%d+ (%d+)")) * 4096 / 1048576
end

local function scan(made)
    local seen = 0
    for row in made.inbox:rows { columns = columns } do
        seen = row and seen + 1
    end
    assert(seen == made.count)
end

return function(made)
    made = made or generated.million()
    local environment = sqlite.sqlite3()
    local connection = assert(environment:connect(made.path))
    local sql = query:format(made.folder)
    for _ = 1, 100 do -- what is allocated once and for all
        for _ in made.inbox:rows { columns = columns, limit = 1 } do end
    end
    collectgarbage()
    collectgarbage() -- what the finalizers of other measurements held
    local before = resident()
    scan(made)
    local grown = resident() - before
    io.stderr:write(("memory grew by %.1f MB\n"):format(grown)) -- Lua's garbage with it, so it differs from run to run
    local result = harness.compare {
        name = "table_scan", unit = "ms", runs = 5, count = 1,
        what = [[LuaSQL's fetch({}, "a") of the same from the same file]],
        ours = function() scan(made) end,
        reference = function()
            local cursor = assert(connection:execute(sql))
            local seen = 0
            while cursor:fetch({}, "a") do
                seen = seen + 1
            end
            cursor:close()
            assert(seen == made.count)
        end,
    }
    connection:close()
    environment:close()
    return result
end
