--- message:export: RFC 5322 text to a string or a file, and what a round trip keeps.
local support = require "spec.support"

describe("message:export", function()
    local session, store, inbox

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function make()
        local message = assert(inbox:new_message {
            subject = "Grüße aus Köln", body = "Hallo €\n", sent_representing_name = "Büro",
            sent_representing_email_address = "buero@example.com", sent_representing_addrtype = "SMTP",
            client_submit_time = 1700000000, internet_message_id = "<1@example.com>",
        })
        assert(message:set_recipients {
            { type = "to", name = "Front Desk", address = "desk@example.com" },
            { type = "bcc", name = "Caretaker", address = "caretaker@example.com" },
        })
        assert(message:attach { name = "Bücher.bin", data = "\0\1\2\255", type = "application/octet-stream" }):close()
        assert(message:save())
        return message
    end

    it("gives text that another import reads the same", function()
        local message <close> = make()
        local text = assert(message:export())
        assert.equal("string", type(text))
        local again <close> = assert(inbox:import(text))
        assert.equal("Grüße aus Köln", again:get "subject")
        assert.same({ name = "Büro", address = "buero@example.com" }, again:from())
        assert.equal(1700000000, again:date())
        assert.equal("Hallo €", (again:text():gsub("%s+$", "")))
        assert.equal("<1@example.com>", again:get "internet_message_id")
        local count = 0
        for attachment in again:attachments() do
            count = count + 1
            assert.equal("Bücher.bin", attachment:name())
            assert.equal("\0\1\2\255", attachment:data())
        end
        assert.equal(1, count)
    end)

    it("keeps Bcc to itself unless asked", function()
        local message <close> = make()
        assert.falsy(message:export():find("caretaker@example.com", 1, true))
        assert.truthy(message:export { bcc = true }:find("caretaker@example.com", 1, true))
        assert.same({ { type = "to", name = "Front Desk", address = "desk@example.com" } },
            assert(inbox:import(message:export())):recipients())
    end)

    it("writes to an open file", function()
        local message <close> = make()
        local file = assert(io.tmpfile())
        assert.is_true(message:export { to = file })
        file:seek "set"
        local text = file:read "a"
        file:close()
        assert.truthy(text:find("buero@example.com", 1, true))
        support.raises("attempt to use a closed file", message.export, message, { to = file })
        support.raises("an open file expected", message.export, message, { to = "name" })
        support.raises("unknown option 'file'", message.export, message, { file = 1 })
    end)

    it("says when a file cannot be written", function()
        local message <close> = make()
        local full = io.open("/dev/full", "w")
        if not full then
            pending "there is no /dev/full here"
            return
        end
        full:setvbuf "no"
        support.fails("message:export", "MAPI_E_NOT_ENOUGH_DISK", message:export { to = full })
        full:close()
    end)

    -- It used to answer true: what was written waited in the buffer, and the disk was full when nobody looked.
    it("says so where the file is buffered, too", function()
        local message <close> = make()
        local full = io.open("/dev/full", "w")
        if not full then
            pending "there is no /dev/full here"
            return
        end
        full:setvbuf("full", 1 << 20)
        support.fails("message:export", "MAPI_E_NOT_ENOUGH_DISK", message:export { to = full })
        full:close()
        local unwritable <close> = assert(io.open("/dev/null", "r"))
        support.fails("message:export", "MAPI_E_DISK_ERROR", message:export { to = unwritable })
    end)

    it("leaves nothing of a message in the file's buffer", function()
        local message <close> = make()
        local path = os.tmpname()
        local file <close> = assert(io.open(path, "w"))
        assert.is_true(message:export { to = file })
        local other <close> = assert(io.open(path))
        local text = other:read "a"
        os.remove(path)
        assert.equal(message:export(), text)
    end)

    it("does not let a property smuggle in a header", function()
        local message <close> = make()
        assert(message:set { subject = "x\r\nBcc: victim@example.com\r\n\r\ninjected" })
        local headers = message:export():match "^(.-)\r?\n\r?\n"
        assert.falsy(headers:find("\nBcc:", 1, true))
    end)
end)
