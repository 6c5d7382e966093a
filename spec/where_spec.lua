--- `where`: tables that become restrictions.
local support = require "spec.support"

describe("where", function()
    local session, inbox

    setup(function()
        session = support.logon()
        inbox = assert(session:open_store({ write = true }):inbox())
        local offices = { "Desk", "Room", "Mill" }
        for i = 1, 9 do
            local message <close> = assert(inbox:new_message {
                subject = (i % 2 == 0 and "Invoice " or "invoice ") .. i, importance = i % 3,
                message_delivery_time = 1700000000 + i * 60,
                ["PS_PUBLIC_STRINGS:Keywords;mv_unicode"] = { "k" .. i, "all" },
            })
            if i <= 3 then
                assert(message:set("in_reply_to_id", "<" .. i .. ">"))
            end
            local office = offices[i % 3 + 1]
            assert(message:set_recipients { { name = office, address = office:lower() .. "@example.com" } })
            if i == 5 then
                assert(message:attach { name = "five.txt", data = "5" }):close()
            end
            -- Between two seconds: scripts see it rounded down.
            if i == 9 then
                local ticks = (1700000000 + 9 * 60 + 11644473600) * 10000000 + 5000000
                assert(message:set("message_delivery_time", ticks, { exact = true }))
            end
            assert(message:save())
        end
        local other <close> = assert(inbox:new_message { subject = "Straße" })
        assert(other:save())
    end)

    teardown(function()
        session:logoff { ui = false }
        support.forget_profiles()
    end)

    local function matches(where)
        local list = {}
        for row in inbox:rows { columns = { "subject" }, where = where, sort = "message_delivery_time" } do
            list[#list + 1] = row.subject:match "%d+" or row.subject
        end
        table.sort(list)
        return table.concat(list, " ")
    end

    local at = 1700000000
    local nine = { "subject", "contains", "9" }
    local invoice = { "subject", "contains", "invoice" }
    local cases = {
        { "contains, folding case", { "subject", "contains", "INVOICE" }, "1 2 3 4 5 6 7 8 9" },
        { "contains_exact", { "subject", "contains_exact", "nvoice" }, "1 2 3 4 5 6 7 8 9" },
        { "prefix_exact", { "subject", "prefix_exact", "Inv" }, "2 4 6 8" },
        { "prefix, folding case", { "subject", "prefix", "inV" }, "1 2 3 4 5 6 7 8 9" },
        { "contains nothing of the kind", { "subject", "contains", "receipt" }, "" },
        { "contains beyond ASCII", { "subject", "contains", "STRASSE" }, nil },
        { "=", { "importance", "=", 2 }, "2 5 8" },
        { "~=", { "PR_IMPORTANCE", "~=", 2 }, nil },
        { "<", { "message_delivery_time", "<", at + 120 }, "1" },
        { "<=", { "message_delivery_time", "<=", at + 120 }, "1 2" },
        { ">", { "message_delivery_time", ">", at + 480 }, nil },
        { ">=", { "and", { "exists", "in_reply_to_id" }, { "message_delivery_time", ">=", at + 120 } }, "2 3" },
        { "= of a rounded time", { "message_delivery_time", "=", at + 540 }, "9" },
        { "<= of a rounded time", { "and", nine, { "message_delivery_time", "<=", at + 540 } }, "9" },
        { "> of a rounded time", { "and", nine, { "message_delivery_time", ">", at + 540 } }, "" },
        { "~= of a rounded time", { "and", nine, { "message_delivery_time", "~=", at + 540 } }, "" },
        { "&", { "and", invoice, { "importance", "&", 1 } }, "1 4 7" },
        { "and", { "and", { "importance", "=", 2 }, { "subject", "prefix_exact", "i" } }, "5" },
        { "or", { "or", { "importance", "=", 2 }, { "subject", "contains", "1" } }, "1 2 5 8" },
        { "not", { "and", invoice, { "not", { "importance", "=", 2 } } }, "1 3 4 6 7 9" },
        { "exists", { "exists", "in_reply_to_id" }, "1 2 3" },
        { "and of nothing", { "and" }, nil },
        { "or of nothing", { "or" }, "" },
        { "any_recipient", { "any_recipient", { "smtp_address", "=", "room@example.com" } }, "1 4 7" },
        { "any_attachment", { "any_attachment", { "attach_long_filename", "prefix", "FIVE" } }, "5" },
        { "a boolean", { "hasattach", "=", true }, "5" },
        { "any value of a multi-valued property", { "PS_PUBLIC_STRINGS:Keywords;mv_unicode", "=", "k4" }, "4" },
        { "contains in any value", { "PS_PUBLIC_STRINGS:Keywords;mv_unicode", "contains", "K7" }, "7" },
        { "a named property nobody knows", { "PS_PUBLIC_STRINGS:Nobody knows", "=", 1 }, "" },
        { "exists of one nobody knows", { "exists", "PS_PUBLIC_STRINGS:Nobody knows" }, "" },
    }
    for _, case in ipairs(cases) do
        it("knows " .. case[1], function()
            local got = matches(case[2])
            if case[3] then
                assert.equal(case[3], got)
            end
        end)
    end

    it("leaves out what has no such property, also with ~=", function()
        assert.equal("1 2", matches { "in_reply_to_id", "~=", "<3>" })
    end)

    -- The type was guessed from the Lua value, so that no date was ever found, nor 2.0 with 2, nor bytes.
    describe("of a named property without a type", function()
        local values = {
            { "i2", 5, 4, 6 }, { "long", 5, 4, 6 }, { "i8", 1 << 40, 1, math.maxinteger }, { "double", 2.5, 2, 3 },
            { "r4", 2.5, 2, 3 }, { "apptime", 44000.5, 44000, 44001 }, { "currency", 12345, 12344, 12346 },
            { "systime", 1700000000, 1699999999, 1700000001 }, { "unicode", "grün", "grü", "grüö" },
            { "binary", "\1\2\3", "\1\2", "\1\2\4" }, { "boolean", true },
            { "clsid", "{00062008-0000-0000-C000-000000000046}" },
        }
        setup(function()
            for _, case in ipairs(values) do
                local message <close> = assert(inbox:new_message {
                    subject = case[1], ["PS_PUBLIC_STRINGS:any " .. case[1] .. ";" .. case[1]] = case[2],
                })
                assert(message:save())
            end
        end)

        for _, case in ipairs(values) do
            local type, value, less, more = table.unpack(case)
            local name = "PS_PUBLIC_STRINGS:any " .. type
            it("finds it when it is a " .. type, function()
                local function finds(yes, operator, operand)
                    assert.equal(yes and type:match "%d+" or yes and type or "", matches { name, operator, operand })
                end
                finds(true, "=", value)
                finds(false, "~=", value)
                if less then
                    for _, each in ipairs { { ">", less, more }, { "<", more, less }, { "~=", less, value } } do
                        finds(true, each[1], each[2])
                        finds(false, each[1], each[3])
                    end
                    finds(true, ">=", value)
                    finds(true, "<=", value)
                    finds(false, "=", more)
                end
                if math.type(value) then
                    -- Numbers that its type cannot hold are beyond it, not an error; halves are between whole ones.
                    finds(true, "<", 1e300)
                    finds(true, ">", -1e300)
                    finds(true, "<=", math.huge)
                    finds(false, ">", math.huge)
                    finds(false, "=", 1e300)
                    finds(true, "~=", -math.huge)
                    finds(false, "<", 0 / 0)
                    finds(true, ">", less - 0.5)
                    finds(true, "<=", more + 0.5)
                    finds(false, "=", value + 0.25)
                    finds(true, "~=", value + 0.25)
                end
            end)
        end

        it("finds what it contains or begins with", function()
            for _, type in ipairs { "unicode", "binary" } do
                local name, part = "PS_PUBLIC_STRINGS:any " .. type, type == "unicode" and "ün" or "\2\3"
                assert.equal(type, matches { name, "contains", part })
                assert.equal("", matches { name, "prefix", part })
            end
            assert.equal("4", matches { "PS_PUBLIC_STRINGS:Keywords", "contains", "K4" })
            assert.equal("4", matches { "PS_PUBLIC_STRINGS:Keywords", "=", "k4" })
        end)

        it("wants a value that can be compared", function()
            support.raises("a boolean, a number or a string expected", matches, { "PS_PUBLIC_STRINGS:any i2", "=", {} })
        end)
    end)

    it("refuses what is no condition", function()
        local bad = {
            { { "subject", "has", "x" }, "unknown operator 'has'" },
            { { "subject", "=" }, "{ property, operator, value } expected" },
            { { "subject" }, "{ property, operator, value } expected" },
            { {}, "{ property, operator, value } expected" },
            { { "subjekt", "=", "x" }, "unknown property 'subjekt'" },
            { { "subject", "=", 1 }, "wants a string" },
            { { "subject", "=", "x", 1 }, "{ property, operator, value } expected" },
            { { "subject", 1, "x" }, "the operator must be a string" },
            { { "importance", "contains", "1" }, "wants an integer" },
            { { "importance", "contains", 1 }, "text or binary" },
            { { "subject", "&", 1 }, "32-bit integer" },
            { { "importance", "&", "x" }, "mask of 32 bits" },
            { { "not" }, "one condition expected" },
            { { "not", { "exists", "subject" }, { "exists", "subject" } }, "one condition expected" },
            { { "exists" }, "one property expected" },
            { { "and", "x" }, "table expected, got string" },
            { { "any_recipient", 1 }, "table expected, got number" },
            { { "message_delivery_time", "=", "today" }, "integer of Unix seconds" },
        }
        for _, case in ipairs(bad) do
            support.raises(case[2], matches, case[1])
        end
        local endless = { "not" }
        endless[2] = endless
        support.raises("nested too deeply", matches, endless)
        support.raises("table expected", matches, "subject")
    end)

    it("goes deep, but not without end", function()
        local where = { "exists", "in_reply_to_id" }
        for _ = 1, 40 do
            where = { "not", where }
        end
        assert.equal("1 2 3", matches(where))
    end)
end)
