--- A private logon, logoff and close against opening and closing an SQLite database in memory.
local harness = require "bench.harness"
local mapi = require "mapi"
local sqlite = require "luasql.sqlite3"

return function()
    assert(mapi.profiles.create "logon_cycle")
    local environment = sqlite.sqlite3()
    local result = harness.compare {
        name = "logon_cycle", unit = "us",
        what = [[LuaSQL's connect(":memory:") and close]],
        ours = function(count)
            for _ = 1, count do
                local session = assert(mapi.logon "logon_cycle")
                assert(session:logoff { ui = false })
                session:close()
            end
        end,
        reference = function(count)
            for _ = 1, count do
                local connection = assert(environment:connect(":memory:"))
                assert(connection:close())
            end
        end,
    }
    environment:close()
    return result
end
