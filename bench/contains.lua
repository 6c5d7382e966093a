--- `subject contains` over a million messages, of which one in a thousand matches.
local generated = require "bench.generated"
local harness = require "bench.harness"

-- Left alone, SQLite goes by the index on dates, which is ten times slower.
local query = [[
    SELECT id, subject FROM message NOT INDEXED
    WHERE folder = %d AND associated = 0 AND subject LIKE '%%invoice%%']]

return function(made)
    made = made or generated.million()
    local sql = query:format(made.folder)
    local expected = made.db:scan(sql)
    return harness.compare {
        name = "contains", unit = "ms", runs = 7, count = 1,
        what = "SQLite in C, LIKE '%invoice%'",
        ours = function()
            local seen = 0
            for row in made.inbox:rows { columns = { "subject" }, where = { "subject", "contains", "invoice" } } do
                seen = row and seen + 1
            end
            assert(seen == expected)
        end,
        reference = function()
            assert(made.db:scan(sql) == expected)
        end,
    }
end
