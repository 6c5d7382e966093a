--- The same mbox file imported, against Python's mailbox, email and sqlite3 (import_python.py).
local importing = require "bench.importing"

local function theirs()
    local command = ("exec python3 bench/import_python.py '%s' '%s'"):format(importing.path(), importing.database())
    local pipe = assert(io.popen(command))
    local answer = pipe:read "l"
    assert(pipe:close(), "bench/import_python.py failed")
    local count, seconds = answer:match "^(%d+) (%S+)$"
    assert(tonumber(count) == importing.messages)
    return tonumber(seconds)
end

return function()
    return importing.compare({
        name = "import_python", unit = "us", runs = 5,
        what = "Python's mailbox, email and sqlite3, one row a message; for one message",
    }, importing.ours, theirs)
end
