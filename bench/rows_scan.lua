--- Five columns of 10,000 messages: folder:rows against LuaSQL's fetch({}, "a") of the same from the same file.
local harness = require "bench.harness"
local mapi = require "mapi"
local sqlite = require "luasql.sqlite3"

local MESSAGES = 10000
local columns = { "subject", "sender_name", "message_delivery_time", "message_size", "message_flags" }

-- The store's own columns, as they are: what we convert (FILETIME to Unix seconds), the reference need not.
local query = [[
    SELECT subject, sender_name, delivery_time AS message_delivery_time, size AS message_size, flags AS message_flags
    FROM message WHERE folder = %d AND associated = 0 ORDER BY id]]

-- Number of the message, number of its sender, time of day.
local template = table.concat({
    "From: Sender Number %2$d <s%2$d@example.org>", "To: list@example.org", "Subject: Message number %1$d of many",
    "Date: Fri, 20 Nov 2026 %3$s +0000", "Message-ID: <%1$d@example.org>", "", "Hello number %1$d.", "",
}, "\r\n")

local function fill(folder)
    for i = 1, MESSAGES do
        local values = { i, i % 100, os.date("!%H:%M:%S", i) }
        local text = template:gsub("%%(%d)%$[ds]", function(which) return values[tonumber(which)] end)
        local message = assert(folder:import(text))
        message:close()
    end
end

--- The connection to the store's file that holds the messages, and the row id of their folder.
local function find_file(environment)
    local pipe = assert(io.popen("ls '" .. os.getenv "MAPI_HOME" .. "/stores/'*.db"))
    for path in pipe:lines() do
        local connection = assert(environment:connect(path))
        local cursor = assert(connection:execute(
            "SELECT id FROM folder WHERE content_count = " .. MESSAGES .. " AND name = 'Inbox'"))
        local id = cursor:fetch()
        cursor:close()
        if id then
            pipe:close()
            return connection, id
        end
        connection:close()
    end
    error "the store with the messages was not found"
end

--- Both sides once, side by side: the same rows, the same values.
local function verify(folder, connection, sql)
    local cursor = assert(connection:execute(sql))
    local seen = 0
    for row in folder:rows { columns = columns } do
        local other = assert(cursor:fetch({}, "a"), "the reference has fewer rows")
        other.message_delivery_time = other.message_delivery_time // 10000000 - 11644473600
        for _, name in ipairs(columns) do
            assert(row[name] ~= nil and row[name] == other[name], name .. " differs")
        end
        seen = seen + 1
    end
    assert(cursor:fetch() == nil and seen == MESSAGES, "the two sides have different rows")
    cursor:close()
end

return function()
    assert(mapi.profiles.create "rows_scan")
    local session <close> = assert(mapi.logon "rows_scan")
    local store <close> = assert(session:open_store())
    local inbox <close> = assert(store:inbox())
    fill(inbox)
    local environment = sqlite.sqlite3()
    local connection, id = find_file(environment)
    local sql = query:format(id)
    verify(inbox, connection, sql)

    local result = harness.compare {
        name = "rows_scan", unit = "ms", runs = 15, count = 1,
        what = [[LuaSQL's fetch({}, "a") of the same from the same file]],
        ours = function()
            local seen = 0
            for row in inbox:rows { columns = columns } do
                seen = row and seen + 1
            end
            assert(seen == MESSAGES)
        end,
        reference = function()
            local seen = 0
            local cursor = assert(connection:execute(sql))
            local row = cursor:fetch({}, "a")
            while row do
                seen = seen + 1
                row = cursor:fetch({}, "a")
            end
            cursor:close()
            assert(seen == MESSAGES)
        end,
    }
    connection:close()
    environment:close()
    return result
end
