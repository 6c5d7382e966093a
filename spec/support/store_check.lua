--- Whether a store's file is consistent: what spec/support/store_consistency.sql answers.
local sqlite = require "luasql.sqlite3"

local function script()
    local here = assert(debug.getinfo(1, "S").source:match "^@(.*)store_check%.lua$")
    local file <close> = assert(io.open(here .. "store_consistency.sql"))
    return file:read("a"):gsub("%-%-[^\n]*\n", "")
end

--- The first thing that is wrong with the store; nil: nothing.
return function(path)
    local environment = sqlite.sqlite3()
    local connection = assert(environment:connect(path, 10000))
    local wrong
    for statement in script():gmatch "([^;]+);" do
        local cursor = assert(connection:execute(statement))
        wrong = wrong or cursor:fetch()
        cursor:close()
    end
    connection:close()
    environment:close()
    return wrong
end
