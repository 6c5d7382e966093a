--- An mbox file imported into a folder, against a bare C program that parses it with GMime and inserts rows.
local floor = require "mapi.floor"
local harness = require "bench.harness"
local importing = require "bench.importing"

local function theirs()
    local target = floor.create(importing.database())
    collectgarbage()
    collectgarbage()
    local from = harness.now()
    local count = target:import(importing.path())
    local seconds = harness.now() - from
    assert(count == importing.messages)
    target:close()
    return seconds
end

--- @param made a generated store into whose folder to import; a new one if absent
return function(made)
    return importing.compare({
        name = "import_floor", unit = "us", runs = made and 5 or 11,
        what = "GMime and SQLite in C, one row a message, the same batches; for one message",
    }, made and function() return importing.into(made.inbox) end or importing.ours, theirs)
end
