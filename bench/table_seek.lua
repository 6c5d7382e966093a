--- Fifty rows by date from row 900,000 on, of a million.
local generated = require "bench.generated"
local harness = require "bench.harness"

local columns = { "subject", "sender_name", "message_delivery_time", "message_size", "message_flags" }
local query = [[
    SELECT id, subject, sender_name, delivery_time, size, flags FROM message
    WHERE folder = %d AND associated = 0 ORDER BY delivery_time DESC, id DESC LIMIT 50 OFFSET %d]]

return function(made)
    made = made or generated.million()
    local offset = made.count // 10 * 9
    local sql = query:format(made.folder, offset)
    local page <close> = assert(made.inbox:table { columns = columns, sort = "-message_delivery_time" })
    return harness.compare {
        name = "table_seek", unit = "ms",
        what = "SQLite in C, LIMIT 50 OFFSET 900000",
        ours = function(count)
            for _ = 1, count do
                assert(page:seek(offset + 1) == offset)
                assert(#assert(page:rows(50)) == 50)
            end
        end,
        reference = function(count)
            for _ = 1, count do
                assert(made.db:scan(sql) == 50)
            end
        end,
    }
end
