--- 100,000 notifications to a Lua function, posted and dispatched within one process.
local program = require "bench.program"

local COUNT = 100000

return function()
    return program({
        name = "notify", unit = "ns",
        what = "a lua_pcall of the same function with a fresh table of the same fields, for each",
    }, "notify " .. COUNT .. " 15", 1e9 / COUNT)
end
