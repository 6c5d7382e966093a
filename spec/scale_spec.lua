--- Much of everything: recipients, attachments, messages in a folder, folders in folders, bytes in an attachment;
-- complete, in memory that does not grow with it, and in time that grows no faster than it does (what took the square
-- of it would not end).
--
-- MAPI_SCALE=full takes a gigabyte and a million messages where otherwise it is some megabytes and thousands.
local sqlite = require "luasql.sqlite3"
local support = require "spec.support"
local store_check = require "spec.support.store_check"

local full = os.getenv "MAPI_SCALE" == "full"
local sanitized = os.getenv "MAPI_SANITIZE" ~= nil

describe("a store with much in it", function()
    local session, store, inbox

    setup(function()
        support.use_home()
        session = support.logon()
        store = assert(session:open_store())
        inbox = assert(store:inbox())
    end)

    teardown(function()
        session:logoff()
        support.forget_profiles()
        support.leave_home()
    end)

    after_each(function()
        for folder in inbox:folders() do assert(folder:delete { recursive = true }) end
        local ids = {}
        for row in inbox:rows {} do ids[#ids + 1] = row.entryid end
        if ids[1] then assert(inbox:delete_messages(ids)) end
    end)

    it("keeps a message with ten thousand recipients", function()
        local list = {}
        for i = 1, 10000 do
            list[i] = { type = i % 3 == 0 and "cc" or "to", name = "Desk " .. i, address = i .. "@example.org" }
        end
        local function expect(message)
            local got = { to = {}, cc = {} }
            for _, recipient in ipairs(message:recipients()) do
                table.insert(got[recipient.type], recipient.address)
            end
            assert.equal(3333, #got.cc)
            assert.equal(6667, #got.to)
            assert.equal("9999@example.org", got.cc[3333])
            assert.equal("10000@example.org", got.to[6667])
        end
        local message = assert(inbox:new_message { subject = "many" })
        assert(message:set_recipients(list))
        assert(message:save())
        local id = message:entryid()
        message:close()
        message = assert(store:open(id))
        expect(message)
        local again <close> = assert(inbox:import(assert(message:export())))
        expect(again)
        message:close()
    end)

    it("keeps a message with five thousand attachments", function()
        local message = assert(inbox:new_message { subject = "many", body = "text" })
        for i = 1, 5000 do
            assert(message:attach { name = i .. ".txt", data = "content " .. i }):close()
        end
        assert(message:save())
        local id = message:entryid()
        message:close()
        local function expect(of)
            local count = 0
            for attachment in of:attachments() do
                count = count + 1
                assert.equal(count .. ".txt", attachment:name())
                assert.equal("content " .. count, attachment:data())
            end
            assert.equal(5000, count)
        end
        message = assert(store:open(id))
        expect(message)
        local again <close> = assert(inbox:import(assert(message:export())))
        expect(again)
        message:close()
        assert(inbox:copy_messages({ id }, inbox:create "copies"))
        assert.equal(1, store:folder "Inbox/copies":count())
    end)

    describe("while a loop lists it", function()
        local COUNT = 2000
        local from, to

        before_each(function()
            from, to = assert(inbox:create "from"), assert(inbox:create "to")
            for i = 1, COUNT do
                local message <close> = assert(from:new_message {
                    subject = "number " .. i * 7919 % COUNT, importance = i % 3,
                    message_delivery_time = 1700000000 + i * 7919 % 500,
                })
                assert(message:save())
            end
        end)

        after_each(function()
            from:close()
            to:close()
        end)

        it("can have every message moved by the loop's body, in every order", function()
            local orders = {
                false, "message_delivery_time", "-message_delivery_time", "subject", { "importance", "-subject" },
            }
            for _, way in ipairs { "rows", "messages" } do
                for _, order in ipairs(orders) do
                    local count = 0
                    for item in from[way](from, { sort = order or nil }) do
                        assert(from:move_messages({ way == "rows" and item.entryid or item:entryid() }, to))
                        count = count + 1
                    end
                    assert.same({ COUNT, 0, COUNT }, { count, from:count(), to:count() })
                    from, to = to, from
                end
            end
            local count = 0
            for row in from:rows { where = { "subject", "contains", "number" } } do
                assert(from:delete_messages { row.entryid })
                count = count + 1
            end
            assert.same({ COUNT, 0 }, { count, from:count() })
        end)
    end)

    it("has folders five hundred deep", function()
        local DEEP = 500
        local folder = inbox
        for i = 1, DEEP do
            folder = assert(folder:create("level " .. i))
        end
        local message = assert(folder:new_message { subject = "at the bottom" })
        assert(message:save())
        local path = folder:path()
        assert.equal(DEEP, select(2, path:gsub("/", "")))
        assert.equal(path, message:folder():path())
        assert.equal("level " .. DEEP, assert(store:folder(path)):name())
        message:close()
        local count = 0
        for found in inbox:folders { recursive = true } do
            count = count + 1
            assert.equal("level " .. count, found:name())
        end
        assert.equal(DEEP, count)
        local top = assert(store:folder "Inbox/level 1")
        assert(top:rename "another")
        assert.equal("Inbox/another/", folder:path():sub(1, 14))
        assert(top:delete { recursive = true })
        assert.is_nil(inbox:folders()())
        support.fails("folder:path", "MAPI_E_OBJECT_DELETED", folder:path())
    end)

    -- The first one is made by the store; the others are its columns with other subjects and dates.
    it("lists a folder of very many messages without holding them", function()
        local COUNT = full and 1000000 or 20000
        local folder = assert(inbox:create "many")
        local message = assert(folder:new_message { subject = "number 0", message_delivery_time = 1700000000 })
        assert(message:save())
        message:close()
        local pipe <close> = assert(io.popen("ls -t " .. os.getenv "MAPI_HOME" .. "/stores/*.db"))
        local path = pipe:read()
        local environment = sqlite.sqlite3()
        local connection = assert(environment:connect(path, 10000))
        local cursor = assert(connection:execute "SELECT max(id) FROM message")
        local row = cursor:fetch()
        cursor:close()
        assert(connection:execute(([[
            INSERT INTO message (folder, associated, flags, size, delivery_time, created, modified, message_class,
                                 subject, prefix, search_key, props)
            SELECT folder, associated, flags, size, delivery_time + (i * 7919 %% %d) * 10000000, created, modified,
                   message_class, 'number ' || i, 0, randomblob(16), props
            FROM message, (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
                           SELECT i FROM n) WHERE message.id = %d]]):format(COUNT, COUNT - 1, row)))
        connection:close()
        environment:close()
        assert.equal(COUNT, folder:count())
        assert.is_nil(store_check(path))
        local text, ok = support.run([[
            local mapi = require "mapi"
            local profile, count, sanitized = ...
            count = tonumber(count)
            local function resident()
                for line in io.lines "/proc/self/status" do
                    local kilobytes = line:match "VmRSS:%s*(%d+)"
                    if kilobytes then return tonumber(kilobytes) / 1024 end
                end
            end
            local session = assert(mapi.logon(profile))
            local folder = assert(assert(session:open_store()):folder "Inbox/many")
            for _ in folder:rows { columns = { "subject" }, limit = 1000 } do end
            collectgarbage()
            local before = resident()
            for _, order in ipairs { false, "-message_delivery_time", "subject" } do
                local seen, last = 0, math.huge
                for row in folder:rows { columns = { "subject", "message_delivery_time" }, sort = order or nil } do
                    seen = seen + 1
                    if order == "-message_delivery_time" then
                        assert(row.message_delivery_time <= last)
                        last = row.message_delivery_time
                    end
                end
                assert(seen == count, seen)
            end
            local table <close> = assert(folder:table { columns = { "subject" }, sort = "message_delivery_time" })
            assert(table:seek(count // 2))
            assert(table:rows(1)[1].subject)
            assert(table:find { "subject", "=", "number " .. count - 1 })
            collectgarbage()
            -- Sixteen bytes a row for an order that has no index, and what SQLite and Lua keep.
            local most = 48 + count * 24 / (1 << 20)
            assert(sanitized == "true" or resident() - before < most, resident() - before .. " MB more")
            print "well"
        ]], { home = os.getenv "MAPI_HOME", arguments = { session:profile(), COUNT, tostring(sanitized) } })
        assert(ok, text)
        assert.equal("well\n", text)
        assert(folder:delete { recursive = true })
        assert.is_nil(store_check(path))
    end)

    it("takes and gives a large attachment in little memory", function()
        local text, ok = support.run([[
            local mapi = require "mapi"
            local profile, megabytes, sanitized = ...
            megabytes = tonumber(megabytes)
            local function most()
                for line in io.lines "/proc/self/status" do
                    local kilobytes = line:match "VmHWM:%s*(%d+)"
                    if kilobytes then return tonumber(kilobytes) / 1024 end
                end
            end
            local function expect_little(what)
                assert(sanitized == "true" or most() < 64, what .. " took " .. most() .. " MB")
            end
            local session = assert(mapi.logon(profile))
            local store = assert(session:open_store())
            local inbox = assert(store:inbox())
            local piece = ("0123456789abcdef"):rep(65536)

            local function expect(message)
                for attachment in message:attachments() do
                    local stream <close> = assert(attachment:stream())
                    for i = 1, megabytes do
                        local got = stream:read(#piece)
                        assert(got == piece, i)
                    end
                    assert(stream:read(1) == nil)
                end
            end

            local message = assert(inbox:new_message { subject = "written" })
            local attachment = assert(message:attach { name = "large", data = "" })
            local stream = assert(attachment:stream "w")
            for _ = 1, megabytes do assert(stream:write(piece)) end
            assert(stream:close())
            assert(attachment:save())
            assert(message:save())
            expect_little "writing"
            local id = message:entryid()
            message:close()

            message = assert(store:open(id))
            expect(message)
            expect_little "reading"
            local name = os.tmpname()
            local file = assert(io.open(name, "w+"))
            assert(message:export { to = file })
            assert(file:seek "end" > megabytes << 20)
            file:close()
            expect_little "exporting"
            message:close()

            file = assert(io.open(name, "w"))
            for _ = 1, megabytes do assert(file:write(piece)) end
            file:close()
            message = assert(inbox:new_message { subject = "from a file" })
            assert(message:attach { path = name })
            assert(message:save())
            os.remove(name)
            expect(message)
            expect_little "a file"
            message:close()

            assert(inbox:copy_messages({ id }, store:outbox()))
            assert(store:outbox():count() == 1)
            for row in store:outbox():rows {} do assert(store:outbox():delete_messages { row.entryid }) end
            expect_little "copying"
            print "well"
        ]], {
            home = os.getenv "MAPI_HOME",
            arguments = { session:profile(), full and 1024 or 40, tostring(sanitized) },
        })
        assert(ok, text)
        assert.equal("well\n", text)
    end)
end)
