--- folder:rows and folder:messages: columns, sorting, limits, and what the body may do while they run.
local mapi = require "mapi"
local support = require "spec.support"
local uv = require "luv"

describe("folder:rows", function()
    local session, store, inbox, profile

    before_each(function()
        session, profile = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        for i = 1, 20 do
            local message <close> = assert(inbox:new_message {
                subject = ("subject %02d"):format(i), importance = i % 3, message_delivery_time = 1700000000 + i,
            })
            assert(message:save())
        end
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function collect(options, field)
        local list = {}
        for row in inbox:rows(options) do
            list[#list + 1] = row[field or "subject"]
        end
        return list
    end

    it("keys its rows by the names as written, always with entryid", function()
        local columns = { "PR_SUBJECT", "importance", 0x0E060040, "PidTagMessageClass" }
        for row in inbox:rows { columns = columns, limit = 1 } do
            assert.equal("string", type(row.PR_SUBJECT))
            assert.equal("integer", math.type(row.importance))
            assert.equal("integer", math.type(row[0x0E060040]))
            assert.equal("string", type(row.PidTagMessageClass))
            assert.equal("string", type(row.entryid))
            assert.is_nil(row.subject)
        end
    end)

    it("has sensible columns of its own", function()
        local count = 0
        for row in inbox:rows() do
            count = count + 1
            assert.equal("string", type(row.subject))
            assert.equal("integer", math.type(row.message_size))
            assert.equal("boolean", type(row.hasattach))
            assert.equal("string", type(row.entryid))
        end
        assert.equal(20, count)
    end)

    it("leaves absent values nil", function()
        for row in inbox:rows { columns = { "in_reply_to_id", "PS_PUBLIC_STRINGS:Never used;long" } } do
            assert.is_nil(row.in_reply_to_id)
            assert.same({ entryid = row.entryid }, row)
        end
    end)

    it("sorts, also downwards", function()
        local up = collect { columns = { "subject" }, sort = "subject" }
        assert.equal("subject 01", up[1])
        assert.equal("subject 20", up[20])
        local down = collect { columns = { "subject" }, sort = "-message_delivery_time" }
        assert.equal("subject 20", down[1])
        assert.equal("subject 01", down[20])
        assert.same(up, collect { columns = { "subject" }, sort = { "subject" } })
    end)

    it("limits and skips", function()
        assert.same({ "subject 03", "subject 04" },
            collect { columns = { "subject" }, sort = "subject", offset = 2, limit = 2 })
        assert.same({ "subject 20" }, collect { columns = { "subject" }, sort = "subject", offset = 19, limit = 5 })
        assert.same({}, collect { offset = 100 })
        assert.same({}, collect { limit = 0 })
    end)

    it("finds no associated messages where there are none", function()
        assert.same({}, collect { associated = true })
    end)

    it("lets the body delete what it is given", function()
        local seen = 0
        for row in inbox:rows { columns = { "subject" } } do
            seen = seen + 1
            assert.is_true(inbox:delete_messages(row.entryid))
        end
        assert.equal(20, seen)
        assert.equal(0, inbox:count())
    end)

    it("skips what has gone before it was reached", function()
        local ids = {}
        for row in inbox:rows { columns = {}, sort = "subject" } do
            ids[#ids + 1] = row.entryid
        end
        for _, sort in ipairs { false, "subject" } do
            local seen = 0
            for row in inbox:rows { columns = { "subject" }, sort = sort or nil } do
                seen = seen + 1
                for i, id in ipairs(ids) do
                    if id == row.entryid then
                        table.remove(ids, i)
                        break
                    end
                end
                -- One that is certain to come later.
                local victim = table.remove(ids, 1)
                if victim then
                    assert.is_true(inbox:delete_messages(victim))
                end
            end
            assert.truthy(seen == 10 or seen == 5, seen)
            for row in inbox:rows { columns = {} } do
                ids[#ids + 1] = row.entryid
            end
        end
    end)

    -- Rows that had been read ahead came all the same, a thousand of them at worst.
    it("skips what another process has moved or deleted meanwhile", function()
        local work <close> = assert(inbox:create "Work")
        local child <close> = support.child()
        child("session = assert(mapi.logon(%q)); store = assert(session:open_store { write = true });"
            .. "inbox = store:inbox(); work = store:folder 'Inbox/Work'", profile)
        for _, sort in ipairs { false, "subject", "-message_delivery_time" } do
            for _, method in ipairs { "rows", "messages" } do
                local seen = 0
                for each in inbox[method](inbox, { sort = sort or nil }) do
                    seen = seen + 1
                    if seen == 5 then
                        assert.equal(20, child [[
                            local moved = 0
                            for row in inbox:rows() do
                                moved = moved + 1
                                assert(inbox:move_messages(row, work))
                            end
                            return moved]])
                        -- What has just been looked at is taken for granted for five milliseconds.
                        local now = uv.hrtime()
                        repeat until uv.hrtime() - now > 6e6
                    end
                    if method == "messages" then
                        each:close()
                    end
                end
                assert.equal(5, seen)
                for row in work:rows() do
                    assert(work:move_messages(row, inbox))
                end
            end
        end
        child "session:close()"
    end)

    it("lets the body move what it is given", function()
        local work <close> = assert(inbox:create "Work")
        local seen = 0
        for row in inbox:rows { columns = {} } do
            seen = seen + 1
            assert.is_true(inbox:move_messages(row.entryid, work))
        end
        assert.equal(20, seen)
        assert.equal(20, work:count())
    end)

    it("does not hand out what is added meanwhile more than once", function()
        local seen, all = {}, 0
        for row in inbox:rows { columns = { "subject" }, sort = "subject" } do
            assert.is_nil(seen[row.entryid])
            seen[row.entryid] = true
            all = all + 1
            if all <= 10 then
                local message <close> = assert(inbox:new_message { subject = "subject 00" })
                assert(message:save())
            end
        end
        assert.truthy(all >= 20 and all <= 30)
    end)

    it("comes to an end when the body adds a row for each row it is given", function()
        for _, sort in ipairs { false, "-message_delivery_time", "message_delivery_time", "subject" } do
            local before, seen = inbox:count(), 0
            for row in inbox:rows { sort = sort or nil } do
                seen = seen + 1
                assert(seen <= before, "the loop meets the rows it makes")
                assert(inbox:copy_messages({ row.entryid }, inbox))
            end
            assert.equal(before, seen)
            assert.equal(2 * before, inbox:count())
        end
    end)

    it("releases its table at the end, at break and on error", function()
        local function tables()
            return mapi.stats().table
        end
        local before = tables()
        for _ in inbox:rows {} do end
        assert.equal(before, tables())
        for row in inbox:rows {} do
            assert.equal(before + 1, tables())
            if row.entryid then
                break
            end
        end
        assert.equal(before, tables())
        pcall(function()
            for _ in inbox:rows {} do
                error "stop"
            end
        end)
        assert.equal(before, tables())
    end)

    it("raises when made wrongly", function()
        support.raises("unknown option 'colums'", inbox.rows, inbox, { colums = {} })
        support.raises("unknown property 'subjekt'", inbox.rows, inbox, { columns = { "subjekt" } })
        support.raises("unknown property 'subjekt'", inbox.rows, inbox, { sort = "-subjekt" })
        support.raises("table expected", inbox.rows, inbox, "subject")
        support.raises("option 'limit'", inbox.rows, inbox, { limit = -1 })
        support.raises("option 'limit': integer expected", inbox.rows, inbox, { limit = "1" })
        support.raises("columns", inbox.rows, inbox, { columns = "subject" })
        support.raises("sort", inbox.rows, inbox, { sort = {} })
        support.raises("property name", inbox.rows, inbox, { columns = { true } })
        support.raises("not a property tag", inbox.rows, inbox, { columns = { -1 } })
    end)

    it("raises when the session ends meanwhile", function()
        local message = support.raises("attempt to use a closed rows", function()
            for _ in inbox:rows {} do
                session:logoff { ui = false }
            end
        end)
        assert.truthy(message)
        support.nothing_left()
    end)

    it("is an error when its folder is gone", function()
        local work = assert(inbox:create "Work")
        local same = assert(store:folder "Inbox/Work")
        assert(work:delete())
        local ok, message = pcall(function()
            for _ in same:rows {} do end
        end)
        if not ok then
            assert.truthy(message:find("^folder:rows: MAPI_E_"), message)
        end
    end)

    it("survives an abandoned coroutine and a collection", function()
        local co = coroutine.wrap(function()
            for row in inbox:rows { columns = { "subject" } } do
                coroutine.yield(row.subject)
            end
        end)
        assert.equal("string", type(co()))
        co = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal(0, mapi.stats().table)
    end)

    it("survives being closed by a finalizer while a row is made", function()
        for _ = 1, 20 do
            collectgarbage "incremental"
            local next, rows = inbox:rows { sort = "subject" }
            local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000)
            local ok, message = pcall(function()
                for _ in next, rows do
                    setmetatable({}, { __gc = function() rows:close() end })
                end
            end)
            collectgarbage("setpause", pause)
            collectgarbage("setstepmul", multiplier)
            assert.truthy(ok or message:find("attempt to use a closed rows", 1, true), message)
            rows:close()
        end
        collectgarbage()
        assert.equal(0, mapi.stats().buffer)
    end)

    it("answers nothing more after the end", function()
        local next, rows = inbox:rows { limit = 1 }
        assert.truthy(next(rows))
        assert.is_nil((next(rows)))
        assert.is_nil((next(rows)))
        assert.equal("closed rows", mapi.type(rows))
    end)
end)

describe("folder:messages", function()
    local session, inbox

    before_each(function()
        session = support.logon()
        inbox = assert(session:open_store({ write = true }):inbox())
        for i = 1, 5 do
            local message <close> = assert(inbox:new_message { subject = "subject " .. i })
            assert(message:save())
        end
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    it("opens messages as they are reached", function()
        local subjects = {}
        for message in inbox:messages { sort = "-subject" } do
            subjects[#subjects + 1] = message:get "subject"
            message:close()
        end
        assert.same({ "subject 5", "subject 4", "subject 3", "subject 2", "subject 1" }, subjects)
    end)

    it("takes where, limit and offset", function()
        local subjects = {}
        local where = { "subject", ">", "subject 1" }
        for message in inbox:messages { sort = "subject", where = where, offset = 1, limit = 2 } do
            subjects[#subjects + 1] = message:get "subject"
        end
        assert.same({ "subject 3", "subject 4" }, subjects)
        support.raises("unknown option 'columns'", inbox.messages, inbox, { columns = {} })
    end)

    it("gives messages that can be changed and saved", function()
        for message in inbox:messages() do
            assert(message:set("importance", 2))
            assert(message:save())
            message:close()
        end
        for row in inbox:rows { columns = { "importance" } } do
            assert.equal(2, row.importance)
        end
    end)

    it("lets the body delete the message it is given", function()
        local seen = 0
        for message in inbox:messages() do
            seen = seen + 1
            local id = message:entryid()
            message:close()
            assert.is_true(inbox:delete_messages(id))
        end
        assert.equal(5, seen)
        assert.equal(0, inbox:count())
    end)
end)
