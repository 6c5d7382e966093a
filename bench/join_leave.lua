--- Joining a session that another process shares, and leaving it.
local mapi = require "mapi"
local program = require "bench.program"

return function()
    mapi.profiles.create "shared"
    return program({
        name = "join_leave", unit = "us",
        what = "a private logon and logoff plus bind, connect, close and unlink of a bare Unix socket",
    }, "shared join 1000 21", 1e6)
end
