--- The first fifty rows by date, five columns, of a million.
local generated = require "bench.generated"
local harness = require "bench.harness"

local columns = { "subject", "sender_name", "message_delivery_time", "message_size", "message_flags" }
local query = [[
    SELECT id, subject, sender_name, delivery_time, size, flags FROM message
    WHERE folder = %d AND associated = 0 ORDER BY delivery_time DESC, id DESC LIMIT 50]]

return function(made)
    made = made or generated.million()
    local sql = query:format(made.folder)
    return harness.compare {
        name = "table_first_page", unit = "us",
        what = "SQLite in C, by the index on the date",
        ours = function(count)
            for _ = 1, count do
                local seen = 0
                for row in made.inbox:rows { columns = columns, sort = "-message_delivery_time", limit = 50 } do
                    seen = row and seen + 1
                end
                assert(seen == 50)
            end
        end,
        reference = function(count)
            for _ = 1, count do
                assert(made.db:scan(sql) == 50)
            end
        end,
    }
end
