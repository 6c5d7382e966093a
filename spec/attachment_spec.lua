--- Attachments: from data, from files, embedded messages.
local mapi = require "mapi"
local support = require "spec.support"

describe("an attachment", function()
    local session, store, inbox, message

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        message = assert(inbox:new_message { subject = "x" })
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function all(of)
        local list = {}
        for attachment in of:attachments() do
            list[#list + 1] = {
                name = attachment:name(), data = attachment:data(), type = (attachment:get "attach_mime_tag"),
            }
            attachment:close()
        end
        return list
    end

    it("keeps its data, name and type", function()
        local data = ("\0\1\2\255"):rep(100000)
        local attachment <close> =
            assert(message:attach { name = "Ä rückwärts.bin", data = data, type = "application/x-test" })
        assert.equal("attachment", mapi.type(attachment))
        assert.equal("Ä rückwärts.bin", attachment:name())
        assert(message:attach { name = "empty", data = "" })
        assert(message:save())
        local again <close> = assert(store:open(message:entryid()))
        local list = all(again)
        assert.equal(2, #list)
        assert.equal("Ä rückwärts.bin", list[1].name)
        assert.truthy(list[1].data == data)
        assert.equal("application/x-test", list[1].type)
        assert.same({ name = "empty", data = "" }, list[2])
        assert.is_true(again:get "hasattach")
    end)

    it("is read from a file", function()
        local path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        file:write(("line\r\n"):rep(20000))
        file:close()
        assert(message:attach { path = path, type = "text/plain" }):close()
        assert(message:attach { path = path, name = "other.txt" }):close()
        os.remove(path)
        assert(message:save())
        local list = all(message)
        assert.equal(path:match "[^/]+$", list[1].name)
        assert.truthy(list[1].data == ("line\r\n"):rep(20000))
        assert.equal("other.txt", list[2].name)
        local text = support.fails("message:attach", "MAPI_E_DISK_ERROR", message:attach { path = path })
        assert.truthy(text:find(path, 1, true))
        support.fails("message:attach", "MAPI_E_DISK_ERROR", message:attach { path = "/" })
        assert.equal(2, #all(message))
    end)

    it("wants to be described rightly", function()
        support.raises("table expected", message.attach, message)
        support.raises("one of data and path", message.attach, message, { name = "x" })
        support.raises("one of data and path", message.attach, message, { data = "x", path = "y" })
        support.raises("unknown option 'date'", message.attach, message, { date = "x" })
        support.raises("NUL", message.attach, message, { data = "x", name = "a\0b" })
        assert.same({}, all(message))
    end)

    it("is an embedded message when it was one", function()
        local outer <close> = assert(inbox:import(table.concat({
            "From: a@example.com", "Subject: outer", "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="b"', "",
            "--b", "Content-Type: text/plain", "", "text", "--b", "Content-Type: message/rfc822", "",
            "From: c@example.com", "Subject: inner", "", "inner text", "--b--", "",
        }, "\r\n")))
        local count = 0
        for attachment in outer:attachments() do
            count = count + 1
            local inner <close> = assert(attachment:message())
            assert.equal("inner", inner:get "subject")
            assert.same({ address = "c@example.com", name = inner:from().name }, inner:from())
            assert.truthy(inner:text():find("inner text", 1, true))
            support.fails("message:folder", "MAPI_E_NOT_FOUND", inner:folder())
            support.fails("attachment:data", "MAPI_E_NOT_FOUND", attachment:data())
            attachment:close()
            assert.equal("closed message", mapi.type(inner))
        end
        assert.equal(1, count)
    end)

    it("that is no message says so", function()
        local attachment <close> = assert(message:attach { data = "x" })
        support.fails("attachment:message", "MAPI_E_NOT_FOUND", attachment:message())
        support.fails("attachment:name", "MAPI_E_NOT_FOUND", attachment:name())
    end)

    it("is read as a stream", function()
        local attachment <close> = assert(message:attach { data = "0123456789" })
        local stream <close> = assert(attachment:stream())
        assert.equal("0123", stream:read(4))
        assert.equal("456789", stream:read "a")
    end)

    -- There was no way to save one: what a script had set or written was gone, and nothing had failed.
    it("keeps what was changed in it when it is saved, and its message after it", function()
        assert(message:attach { name = "a.txt", data = "old" }):close()
        assert(message:save())
        local changed <close> = assert(store:open(message:entryid()))
        for attachment in changed:attachments() do
            local stream <close> = assert(attachment:stream "w")
            assert(stream:write "new")
            assert(stream:commit())
            assert(attachment:set("attach_long_filename", "b.txt"))
            assert.is_true(attachment:save())
        end
        assert(changed:save())
        local again <close> = assert(store:open(message:entryid()))
        local count = 0
        for attachment in again:attachments() do
            count = count + 1
            assert.equal("b.txt", attachment:name())
            assert.equal("new", attachment:data())
        end
        assert.equal(1, count)
    end)

    it("is gone when its message is not saved", function()
        assert(message:save())
        local id = message:entryid()
        assert(message:attach { data = "x" }):close()
        message:close()
        local again <close> = assert(store:open(id))
        assert.same({}, all(again))
    end)
end)
