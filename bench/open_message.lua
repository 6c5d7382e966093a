--- Opening messages by entry id and reading ten properties of each, of a million.
local generated = require "bench.generated"
local harness = require "bench.harness"

local MESSAGES = 100
local properties = {
    "subject", "sender_name", "sender_email_address", "message_delivery_time", "client_submit_time", "message_size",
    "message_flags", "importance", "internet_message_id", "body",
}
local query = [[
    SELECT subject, sender_name, sender_address, delivery_time, submit_time, size, flags, importance,
           internet_message_id, props
    FROM message WHERE id = ?1]]

--- Messages from all over the folder: their entry identifiers and their rows.
local function pick(made)
    local page <close> = assert(made.inbox:table { columns = {} })
    local ids, rows = {}, {}
    for i = 1, MESSAGES do
        assert(page:seek(made.count // MESSAGES * (i - 1) + 1))
        ids[i] = assert(page:rows(1))[1].entryid
        rows[i] = ("<I8"):unpack(ids[i], #ids[i] - 7)
    end
    return ids, rows
end

return function(made)
    made = made or generated.million()
    local ids, rows = pick(made)
    local statement = made.db:prepare(query)
    return harness.compare {
        name = "open_message", unit = "us",
        what = "SQLite in C, a prepared SELECT of the same row",
        ours = function(count)
            for i = 1, count do
                local message <close> = assert(made.store:open(ids[i % MESSAGES + 1]))
                assert(message:get(properties).subject)
            end
        end,
        reference = function(count)
            for i = 1, count do
                statement:rows(rows[i % MESSAGES + 1])
            end
        end,
    }
end
